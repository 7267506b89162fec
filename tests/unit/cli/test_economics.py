"""What `tally skills`, `agents` and `cost` ask the server for, and that they hand its JSON on."""

import json
from typing import Any

import pytest

from tests.listening_server import ListeningServer, Reply

USAGE = {"tenant": "default", "rows": [{"key": "/ship", "cost_micros": 5}], "totals": {"cost_micros": 5, "requests": 1}}


@pytest.fixture
def server(terminal: Any, listener: ListeningServer, monkeypatch: pytest.MonkeyPatch) -> ListeningServer:
    monkeypatch.setenv("TALLY_SERVER", listener.url)
    monkeypatch.setenv("TALLY_TOKEN", "tw_env")
    listener.answers = lambda request: Reply(200, USAGE if "/v1/usage" in request.path else {"tenant": "default"})
    return listener


@pytest.mark.parametrize(
    ("arguments", "paths"),
    [
        (["skills"], ["/v1/skills?days=30"]),
        (["skills", "--since", "7d", "--q", "a&b"], ["/v1/skills?days=7&q=a%26b"]),
        (["agents", "--since", "2026-05-17"], ["/v1/economics?from=2026-05-17"]),
        (["cost", "--by", "model"], ["/v1/usage?by=day&days=30", "/v1/usage?by=model&days=30"]),
        (
            ["cost", "--since", "2026-05-17"],
            ["/v1/usage?by=day&since=2026-05-17", "/v1/usage?by=skill&since=2026-05-17"],
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
    assert json.loads(terminal.run("cost", "--json").output) == USAGE | {"by_day": USAGE["rows"]}
