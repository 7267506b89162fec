"""`tally prs` asks for its range and shows each share with its interval, and no case as none."""

import json
from typing import Any

import pytest

from tests.listening_server import ListeningServer, Reply

SHARE = {"value": 0.75, "n": 4, "low": 0.3006, "high": 0.9544}
NONE = {"value": None, "n": 0, "low": None, "high": None}
LINE = {"merged": 8, "opened": 0, "closed": 1, "open_now": 2, "first_pass": SHARE, "revert": NONE}
BOARD = {
    "tenant": "default", "entire": LINE, "agents": [{"agent": "claude", "p50_hours_to_merge": 1.5, **LINE}],
    "overlap": {"pieces": 8, "kinds": [{"shared": "path", "pairs": 12, "tried": 0, "conflict": NONE}]},
}  # fmt: skip


@pytest.fixture
def server(terminal: Any, listener: ListeningServer, monkeypatch: pytest.MonkeyPatch) -> ListeningServer:
    monkeypatch.setenv("TALLY_SERVER", listener.url)
    monkeypatch.setenv("TALLY_TOKEN", "tw_env")
    listener.answers = lambda _: Reply(200, BOARD)
    return listener


def test_shares_intervals_and_pairs_are_shown(terminal: Any, server: ListeningServer):
    said = terminal.run("prs", "--since", "7d", "--repo", "a/b")

    assert said.exit_code == 0
    assert [request.path for request in server.requests] == ["/v1/pull-requests?days=7&repo=a%2Fb"]
    assert "8 merged, 75% (30-95) at the first pass, - reverted" in said.output
    assert "claude" in said.output
    assert "the same file" in said.output


def test_json_is_what_the_server_said(terminal: Any, server: ListeningServer):
    assert json.loads(terminal.run("prs", "--json").output) == BOARD
