"""What `tally skills`, `agents` and `cost` ask the server for, and that they hand its JSON on."""

import json
from typing import Any

import pytest

from tests.listening_server import ListeningServer, Reply

COST = {"tenant": "default", "rows": [{"key": "/ship", "cost_micros": 5}], "entire": {"cost_micros": 5, "requests": 1}}


@pytest.fixture
def server(terminal: Any, listener: ListeningServer, monkeypatch: pytest.MonkeyPatch) -> ListeningServer:
    monkeypatch.setenv("TALLY_SERVER", listener.url)
    monkeypatch.setenv("TALLY_TOKEN", "tw_env")
    listener.answers = lambda request: Reply(200, COST if "/v1/cost" in request.path else {"tenant": "default"})
    return listener


@pytest.mark.parametrize(
    ("arguments", "paths"),
    [
        (["skills"], ["/v1/skills?days=30"]),
        (["skills", "--since", "7d", "--q", "a&b"], ["/v1/skills?days=7&q=a%26b"]),
        (["agents", "--since", "2026-05-17"], ["/v1/agents?from=2026-05-17"]),
        (["cost", "--by", "model"], ["/v1/cost?by=day&days=30", "/v1/cost?by=model&days=30"]),
        (
            ["cost", "--since", "2026-05-17"],
            ["/v1/cost?by=day&from=2026-05-17", "/v1/cost?by=skill&from=2026-05-17"],
        ),
    ],
)
def test_each_asks_for_its_range(terminal: Any, server: ListeningServer, arguments: list[str], paths: list[str]):
    assert terminal.run(*arguments).exit_code == 0
    assert [request.path for request in server.requests] == paths


@pytest.mark.parametrize("command", ["skills", "agents"])
def test_json_is_what_the_server_said(terminal: Any, server: ListeningServer, command: str):
    assert json.loads(terminal.run(command, "--json").output) == {"tenant": "default"}


def test_the_json_of_the_cost_has_the_days_beside(terminal: Any, server: ListeningServer):
    assert json.loads(terminal.run("cost", "--json").output) == COST | {"by_day": COST["rows"]}
