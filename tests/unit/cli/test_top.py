"""`tally top`: the last minutes, from the rows themselves."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tallyward import clock
from tests.listening_server import ListeningServer, Reply


def fire(minutes: float, skill: str = "/ship", **more: Any) -> dict[str, Any]:
    ts = clock.iso(clock.now() - timedelta(minutes=minutes))
    return {"ts": ts, "engineer_id": "ann", "skill_name": skill, "kind": "skill", "status": "success", **more}


@pytest.fixture
def server(terminal: Any, listener: ListeningServer, monkeypatch: pytest.MonkeyPatch) -> ListeningServer:
    monkeypatch.setenv("TALLY_SERVER", listener.url)
    monkeypatch.setenv("TALLY_TOKEN", "tw_env")
    fires = [fire(0.1), fire(0.2, engineer_id="bob"), fire(3, "[b]/ask"), fire(4, "session", kind="session")]
    listener.answers = lambda _request: Reply(200, {"fires": fires})
    return listener


def test_the_last_minutes_the_busiest_and_the_latest_are_shown_once_in_a_pipe(terminal: Any, server: ListeningServer):
    told = terminal.run("top").output

    assert "4 fires in 15 minutes, 2 in the last" in told
    assert "skills: /ship 2, [b]/ask 1" in told
    assert "people: ann 2, bob 1" in told
    assert told.splitlines()[1].strip() == "▄▄  █"
    assert len([line for line in told.splitlines() if "success" in line]) == 4


def test_it_asks_for_a_quarter_of_an_hour(terminal: Any, server: ListeningServer):
    assert json.loads(terminal.run("top", "--json").output)["fires"]
    asked = parse_qs(urlsplit(server.requests[0].path).query)
    assert asked["limit"] == ["1000"]
    assert asked["since"][0] < clock.iso(clock.now() - timedelta(minutes=14))


def test_nothing_fires_is_said_so(terminal: Any, server: ListeningServer):
    server.answers = lambda _request: Reply(200, {"fires": []})

    assert "0 fires in 15 minutes" in terminal.run("top").output
    assert "skills: none" in terminal.run("top").output


def test_a_thousand_rows_are_at_least_a_thousand(terminal: Any, server: ListeningServer):
    server.answers = lambda _request: Reply(200, {"fires": [fire(1)] * 1_000})

    assert "at least 1,000 fires" in terminal.run("top").output
