"""tallyward.cli.checks.spool."""

import os

from tallyward import clock
from tallyward.client import spool
from tests.listening_server import refusal

ROW = b'{"to":"trace","row":{"fire_key":"k"}}\n'


def test_a_server_that_takes_nothing(terminal, healthy, connect, doctor):
    connect(healthy.url)
    spool.append(str(terminal.laptop.root), ROW)
    usual = healthy.answers
    healthy.answers = lambda request: (
        usual(request) or (refusal(503, "busy", "Full.") if request.method == "POST" else None)
    )
    terminal.run("flush")
    found = doctor()
    assert (found["spool"]["status"], "the last: Full." in found["spool"]["message"]) == ("fail", True)
    assert (found["canary"]["status"], "Full." in found["canary"]["message"]) == ("fail", True)


def test_rows_that_nobody_comes_for(terminal, healthy, connect, doctor):
    connect(healthy.url)
    spool.append(str(terminal.laptop.root), ROW)
    long_ago = clock.epoch_seconds() - 3600
    os.utime(terminal.laptop.root / "spool" / "fires.ndjson", (long_ago, long_ago))
    check = doctor()["spool"]
    assert (check["status"], check["remedy"].startswith("Run `tally flush`")) == ("fail", True)


def test_rows_that_have_only_just_come(terminal, healthy, connect, doctor):
    connect(healthy.url)
    spool.append(str(terminal.laptop.root), ROW)
    assert doctor()["spool"]["status"] == "pass"
