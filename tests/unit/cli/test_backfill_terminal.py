"""What `tally backfill` says, and how it ends."""

import os
import pty
import signal
import subprocess
from typing import Any

import pytest

from tallyward.errors import NotConnected
from tests.backfill_machine import Machine, session
from tests.listening_server import Reply, Request
from tests.servers import TALLY
from tests.transcripts import Transcript


def test_a_person_is_told_in_sentences(machine: Machine):
    odd = Transcript().add({"type": "of-tomorrow"}).add({"type": "file-history-snapshot"})
    machine.claude("s1.jsonl", *session().lines, *odd.lines, b"{broken\n")
    told = machine.terminal.run("backfill", "claude").output
    assert "Read 1 of 1 files (0 unchanged)" in told
    assert "Delivered 6 requests and 6 fires; 3 repeats were folded." in told
    assert "1 broken" in told
    assert "unknown types: 1 of-tomorrow" in told
    assert "nothing of codex" in machine.terminal.run("backfill", "codex").output


def test_a_refused_row_is_told_of_and_ends_with_1(machine: Machine):
    machine.claude("s1.jsonl", *session().lines)
    errors = [{"index": 0, "code": "invalid", "message": "too odd", "field": "model"}]
    refusing = Reply(202, {"stored": 5, "duplicate": 0, "errors": errors})
    machine.listener.answers = lambda request: refusing if request.method == "POST" else None
    done = machine.terminal.run("backfill", "claude")
    assert done.exit_code == 1
    assert "model: too odd" in done.output


def test_a_machine_that_is_not_connected_is_told_so(terminal: Any):
    with pytest.raises(NotConnected):
        terminal.run("backfill", "claude")


def test_a_run_that_somebody_interrupts_goes_on_the_next_time(machine: Machine):
    machine.claude("s1.jsonl", *session().lines)
    interrupts = [signal.SIGINT]  # one, as by a person; on a busy machine it is felt some requests later

    def interrupting(request: Request) -> None:
        if request.method == "POST" and interrupts:
            os.kill(os.getpid(), interrupts.pop())

    machine.listener.answers = interrupting
    stopped = machine.backfill("claude", code=130)
    assert (stopped["complete"], stopped["reason"]) == (False, "It was interrupted.")
    machine.listener.answers = lambda _request: None
    assert machine.backfill("claude")["complete"]
    assert len(machine.rows) == 12


def test_a_terminal_is_shown_how_far_it_is(machine: Machine):
    machine.claude("s1.jsonl", *session().lines)
    master, slave = pty.openpty()
    environ = {**machine.laptop.environ, "TERM": "xterm"}
    done = subprocess.run([TALLY, "backfill", "claude"], env=environ, stdout=subprocess.PIPE, stderr=slave, check=True)
    os.close(slave)
    shown = os.read(master, 100_000)
    os.close(master)
    assert b"claude" in shown
    assert b"kB" in shown
    assert b"Delivered 6 requests" in done.stdout
    assert b"\x1b" not in done.stdout
