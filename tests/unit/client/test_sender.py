"""The sender's life: one at a time, busy while there is work, gone when there is none."""

import json
import os
import shutil

import pytest

from tallyward.client import counters, sender_start, spool
from tallyward.client.sender import Sender
from tests.claude_events import tool
from tests.listening_server import refusal
from tests.waiting import eventually

ROW = json.dumps({"to": "trace", "row": {"fire_key": "k1"}}).encode() + b"\n"


@pytest.fixture
def started(laptop, listener):
    """Start senders by hand and see to their end."""
    laptop.connect(listener.url)
    senders = []

    def start(*arguments: str):
        senders.append(laptop.sender(*arguments))
        return senders[-1]

    yield start
    for sender in senders:
        sender.kill()
        sender.wait()


def test_it_delivers_what_comes_while_it_lingers_and_then_leaves(laptop, listener, started):
    sender = started("--linger", "0.5")
    eventually(laptop.sender_pid)
    spool.append(str(laptop.root), ROW)
    eventually(lambda: listener.rows)
    assert sender.wait(5) == 0
    assert sender_start.claim(str(laptop.root)) is not None


def test_a_second_one_leaves_at_once(laptop, listener, started):
    first = started("--linger", "60")
    eventually(laptop.sender_pid)
    assert started("--linger", "60").wait(5) == 0
    assert first.poll() is None


def test_hooks_need_only_one(laptop, listener):
    laptop.connect(listener.url)
    for number in range(5):
        laptop.hook({**tool("PostToolUse"), "tool_use_id": f"toolu_{number}"})
    first = eventually(laptop.sender_pid)
    eventually(lambda: len(listener.rows) == 5)
    assert laptop.sender_pid() == first


def test_it_keeps_trying_a_server_that_was_down(laptop, listener, started):
    listener.answers = lambda _request: refusal(503, "busy")
    spool.append(str(laptop.root), ROW)
    started("--linger", "60")
    eventually(lambda: counters.load(str(laptop.root)).failed_attempts)
    listener.answers = lambda _request: None
    eventually(lambda: listener.rows, 10)
    assert "fire k1" in listener.rows


def test_it_leaves_when_its_folder_is_gone(laptop, listener, started):
    sender = started("--linger", "60")
    eventually(laptop.sender_pid)
    shutil.rmtree(laptop.root)
    assert sender.wait(5) == 0


def test_it_does_not_leave_a_fire_behind_that_came_last(laptop, started):
    """A hook that writes while the sender is about to leave sees the lock held: the sender looks once more."""
    (laptop.root / "spool").mkdir()
    fd = sender_start.claim(str(laptop.root))
    assert fd is not None
    leaving = Sender(str(laptop.root), {}, fd, linger_seconds=0)
    assert not leaving._comes_back()
    spool.append(str(laptop.root), ROW)
    assert leaving._comes_back()
    assert sender_start.claim(str(laptop.root)) is None
    os.close(fd)


def test_a_reason_to_stop_is_told_in_the_status(laptop, listener, started):
    (laptop.root / "spool").mkdir()
    (laptop.root / "spool" / "delivery.lock").mkdir()
    spool.append(str(laptop.root), ROW)
    assert started().wait(5) == 1
    assert counters.load(str(laptop.root)).last_error == "the sender stopped: IsADirectoryError"
