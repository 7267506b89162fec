"""`tally status` and `tally flush`."""

import json

from tallyward.client import spool
from tests.listening_server import Reply, refusal

ROW = b'{"to":"trace","row":{"fire_key":"k1"}}\n'


def shown(terminal):
    done = terminal.run("status", "--json")
    assert done.exit_code == 0
    return json.loads(done.output)


def test_an_empty_laptop_has_nothing_to_tell(terminal):
    known = shown(terminal)
    assert (known["connected"], known["spool_depth"], known["last_delivery"], known["sender"]) == (False, 0, None, None)
    assert known["clients"]["claude"]["user"]["state"] == "absent"
    assert not terminal.laptop.root.exists()
    assert "Lost       nothing" in terminal.run("status").output


def test_it_tells_what_waits_what_arrived_and_what_was_lost(terminal, listener, connect):
    connect(listener.url)
    root = str(terminal.laptop.root)
    spool.append(root, ROW * 2 + b"garbage\n")
    spool.count_loss(root, "o")
    assert shown(terminal)["spool_depth"] == 3
    error = {"index": 1, "code": "invalid", "message": "no", "field": "repo"}
    listener.answers = lambda _request: Reply(202, {"ids": [1, None], "errors": [error]})
    flushed = terminal.run("flush")
    assert flushed.exit_code == 0
    assert "1 delivered, 0 left, 1 refused (spool/rejected.ndjson), 1 unreadable" in flushed.output
    known = shown(terminal)
    assert (known["spool_depth"], known["stored"], known["connected"]) == (0, 1, True)
    assert known["lost"] == {"overflow": 1, "disk": 0, "locked": 0, "unreadable": 0, "rejected": 1, "corrupt": 1}
    assert known["sightings"] == 4
    assert known["last_delivery"] is not None
    assert known["clients"]["claude"]["user"]["state"] == "connected"
    assert "1 overflow, 1 rejected, 1 corrupt" in terminal.run("status").output


def test_flush_ends_with_1_while_anything_is_left(terminal, listener, connect):
    connect(listener.url)
    spool.append(str(terminal.laptop.root), ROW)
    listener.answers = lambda _request: refusal(503, "busy", "The queue is full.")
    done = terminal.run("flush")
    assert (done.exit_code, done.output) == (1, "0 delivered, 1 left: The queue is full.\n")
    assert "next attempt" in terminal.run("status").output
    assert "Trouble    The queue is full." in terminal.run("status").output
    listener.answers = lambda _request: None
    assert terminal.run("flush").exit_code == 0


def test_flush_does_not_wait_for_the_backoff_to_pass(terminal, listener, connect):
    connect(listener.url)
    spool.append(str(terminal.laptop.root), ROW)
    listener.answers = lambda _request: refusal(429, "busy")
    terminal.run("flush")
    listener.answers = lambda _request: None
    assert terminal.run("flush").exit_code == 0
    assert shown(terminal)["backoff"] == {"failures": 0, "seconds": 0.0}


def test_flush_on_a_laptop_that_was_never_used_is_done_at_once(terminal):
    assert terminal.run("flush").exit_code == 0


def test_settings_that_cannot_be_read_are_told_of(terminal):
    (terminal.laptop.home / ".claude").mkdir()
    (terminal.laptop.home / ".claude" / "settings.json").write_text("{")
    assert shown(terminal)["clients"]["claude"]["user"]["state"] == "unreadable"


def test_it_tells_how_long_the_hooks_took_and_nothing_where_none_has_told(terminal):
    assert shown(terminal)["hooks"] == {"events": 0, "p50_ms": None, "p95_ms": None, "slow": 0}
    assert "Hooks" not in terminal.run("status").output
    spool.append(str(terminal.laptop.root), ROW.replace(b'{"to"', b'{"hook_ms":17,"to"'))
    assert shown(terminal)["hooks"] == {"events": 1, "p50_ms": 20, "p95_ms": 20, "slow": 0}
    assert "Hooks      p50 ≤ 20 ms, p95 ≤ 20 ms, of 1 events" in terminal.run("status").output
