"""`tally accept`: eight lights, and an exit code that a pipeline can hold on to."""

import json

import pytest

from tests.listening_server import Reply


def line(title: str, light: str, value: str | None, reason: str, *who: str) -> dict[str, object]:
    return {"name": title, "title": title, "light": light, "value": value, "reason": reason, "who": list(who)}


LINES = [
    line("Trace volume", "green", "63 in 24 hours", "At least 31."),
    line("Inner loop", "red", "2 of 3", "Some have [10] or fewer.", "[b]bob"),
    line("Branch protection", "cannot tell", None, "Cannot tell yet: needs x."),
]
GRID = {"tenant": "default", "accepted": False, "needed": 6, "green": 1, "red": 1, "cannot_tell": 1, "lines": LINES}


@pytest.fixture
def server(terminal, listener, monkeypatch):
    monkeypatch.setenv("TALLY_SERVER", listener.url)
    monkeypatch.setenv("TALLY_TOKEN", "tw_env")
    return listener


@pytest.mark.parametrize(("accepted", "code"), [(True, 0), (False, 1)])
def test_it_ends_with_1_while_too_few_are_green(terminal, server, accepted, code):
    server.answers = lambda _request: Reply(200, GRID | {"accepted": accepted})

    assert terminal.run("accept").exit_code == code
    done = terminal.run("accept", "--json")
    assert (done.exit_code, json.loads(done.output)["accepted"]) == (code, accepted)
    assert server.requests[0].path == "/v1/accept"


def test_each_light_has_its_value_and_its_reason_and_names_are_no_markup(terminal, server):
    server.answers = lambda _request: Reply(200, GRID)

    told = terminal.run("accept").output

    assert "green        Trace volume (63 in 24 hours)" in told
    assert "cannot tell  Branch protection\n" in told
    assert not set("┃│─") & set(told)
    assert "Some have [10] or fewer. [b]bob" in told
    assert "Cannot tell yet: needs x." in told
    assert "1 of 3 green, 6 are needed: not accepted" in told
