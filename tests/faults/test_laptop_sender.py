"""Senders that are killed, doubled and cut off: nothing is lost, nothing is doubled."""

import os
import threading

from tallyward.client import counters, delivery, segments, spool
from tests.claude_events import tool
from tests.listening_server import ListeningServer, refusal
from tests.waiting import eventually


def lines(count: int) -> bytes:
    return b"".join(b'{"to":"trace","row":{"fire_key":"k%d"}}\n' % number for number in range(count))


def test_a_sender_that_is_killed_before_the_answer_loses_and_doubles_nothing(laptop, listener):
    laptop.connect(listener.url)
    received, killed = threading.Event(), threading.Event()

    def stored_but_never_answered(request):
        if request.method == "POST" and not killed.is_set():
            for row in request.rows:
                listener.keep(row)
            received.set()
            killed.wait(10)

    listener.answers = stored_but_never_answered
    spool.append(str(laptop.root), lines(3))
    sender = laptop.sender()
    assert received.wait(10)
    sender.kill()
    sender.wait()
    killed.set()
    assert segments.waiting(str(laptop.root)).rows == 3
    assert delivery.deliver(str(laptop.root), {}).left == 0
    assert sorted(listener.rows) == ["fire k0", "fire k1", "fire k2"]


def test_a_machine_that_restarts_delivers_with_its_next_fire(laptop):
    """No process survives a restart; the spool and the next hook are enough."""
    laptop.connect("http://127.0.0.1:1")
    spool.append(str(laptop.root), lines(3))
    delivery.deliver(str(laptop.root), {})
    assert segments.waiting(str(laptop.root)).rows == 3
    (laptop.root / "spool" / "backoff").unlink()  # its time has passed by the next morning
    with ListeningServer() as listener:
        laptop.connect(listener.url)
        laptop.hook(tool("PostToolUse"))
        eventually(lambda: len(listener.rows) == 4)
        assert delivery.deliver(str(laptop.root), {}, lock_seconds=5).left == 0


def test_a_server_that_comes_back_on_its_address_gets_everything_by_itself(laptop):
    with ListeningServer() as first:
        port = first.port
    laptop.connect(f"http://127.0.0.1:{port}")
    assert laptop.hook(tool("PostToolUse")).code == 0
    eventually(lambda: counters.load(str(laptop.root)).failed_attempts)
    with ListeningServer(port) as back:
        eventually(lambda: back.rows, 15)
        assert list(back.rows) == ["fire toolu_0123"]


def test_a_token_that_is_refused_keeps_the_rows_and_the_reason(laptop, listener):
    listener.answers = lambda _request: refusal(401, "not_authenticated", "This token was revoked.")
    laptop.connect(listener.url)
    laptop.hook(tool("PostToolUse"))
    eventually(lambda: counters.load(str(laptop.root)).last_error == "This token was revoked.")
    assert segments.waiting(str(laptop.root)).rows == 1
    listener.answers = lambda _request: None
    assert delivery.deliver(str(laptop.root), {}, lock_seconds=5).left == 0


def test_two_deliveries_at_once_send_each_row_once(laptop, listener):
    laptop.connect(listener.url)
    spool.append(str(laptop.root), lines(2_000))
    threads = [
        threading.Thread(target=delivery.deliver, args=(str(laptop.root), {}), kwargs={"lock_seconds": 10})
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(post.rows) for post in listener.posts) == len(listener.rows) == 2_000


def test_a_clock_set_back_by_a_year_does_not_stop_delivery(laptop, listener):
    laptop.connect("http://127.0.0.1:1")
    spool.append(str(laptop.root), lines(1))
    delivery.deliver(str(laptop.root), {})
    moment = (laptop.root / "spool" / "backoff").stat().st_mtime + 365 * 86_400
    os.utime(laptop.root / "spool" / "backoff", (moment, moment))
    laptop.connect(listener.url)
    laptop.hook(tool("PostToolUse"))
    eventually(lambda: len(listener.rows) == 2)
    assert "fire k0" in listener.rows


def test_a_full_disk_under_the_sender_keeps_the_rows(laptop, listener):
    """Its notes cannot be written; what it has not confirmed stays."""
    laptop.connect(listener.url)
    spool.append(str(laptop.root), b"garbage\n" + lines(1))
    (laptop.root / "spool" / "corrupt.ndjson").symlink_to("/dev/full")
    sender = laptop.sender()
    assert sender.wait(10) == 1
    assert segments.waiting(str(laptop.root)).rows == 2
    (laptop.root / "spool" / "corrupt.ndjson").unlink()
    done = delivery.deliver(str(laptop.root), {})
    assert (done.stored, done.corrupt, done.left) == (1, 1, 0)
