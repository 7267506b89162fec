"""tallyward.cli.checks.clock."""

from datetime import timedelta

import pytest

from tallyward import clock
from tests.listening_server import Reply


@pytest.mark.parametrize(("hours", "word"), [(-1, "ahead of"), (1, "behind")])
def test_a_clock_that_is_off(healthy, connect, doctor, hours, word):
    connect(healthy.url)
    wrong = clock.iso(clock.now() + timedelta(hours=hours))
    healthy.answers = lambda request: Reply(200, {"ok": True, "time": wrong}) if "health" in request.path else None
    check = doctor()["clock"]
    assert (check["status"], f"s {word} the server" in check["message"]) == ("fail", True)


def test_a_server_that_does_not_tell_its_time(healthy, connect, doctor):
    connect(healthy.url)
    healthy.answers = lambda request: Reply(200, {"ok": True}) if "health" in request.path else None
    assert doctor()["clock"]["status"] == "warn"
