"""The relay among faults: killed, started twice, out of disk, and fed by clients that mean it badly."""

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tallyward import clock
from tallyward.client import relay_start, spool
from tests import exports
from tests.claude_events import tool
from tests.relaying import HOOK_PATH, JSON, RunningRelay
from tests.waiting import eventually

TALLY = Path(sys.executable).with_name("tally")
SHELL = tool("PostToolUse", duration_ms=31)
MEBIBYTE = 1024 * 1024


@pytest.fixture
def relay(laptop):
    with RunningRelay(laptop) as running:
        yield running


def still_works(relay):
    before = len(relay.laptop.spooled())
    assert relay.hook(SHELL) == (200, b"")
    relay.spooled(before + 1)


def test_what_comes_in_before_the_relay_is_itself_is_taken(laptop):
    with RunningRelay(laptop) as relay:  # the port listens when `start` returns, and Python is not even up by then
        assert relay.hook(SHELL) == (200, b"")
        assert len(relay.spooled(1)) == 1


def test_two_starts_at_once_make_one_relay(laptop):
    with RunningRelay(laptop) as relay:
        words: list[str | None] = []
        starting = [threading.Thread(target=lambda: words.append(relay.start())) for _ in range(8)]
        for thread in starting:
            thread.start()
        for thread in starting:
            thread.join()
        still_works(relay)
        signed = relay_start.signed(relay.root)
        assert signed is not None
        assert set(words) == {signed[1]}


def test_a_second_relay_says_that_there_is_one(laptop, relay):
    done = laptop.run([str(TALLY), "relay"])
    assert (done.code, done.err) == (0, b"")
    assert done.out.startswith(b"The relay runs already: process ")


def test_a_port_in_use_is_one_line(laptop):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = laptop.run([str(TALLY), "relay", "--port", str(port)])
        assert (done.code, done.err.count(b"\n")) == (2, 1)
        assert f"Another program listens on port {port}".encode() in done.err
        settings = relay_start.read(str(laptop.root))
        assert settings is not None
        assert relay_start.ensure(str(laptop.root), settings, laptop.environ) is None


def test_in_the_foreground_it_tells_its_port_and_ends_with_ctrl_c(laptop):
    command = [str(TALLY), "relay"]
    with subprocess.Popen(command, env=laptop.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        settings = relay_start.read(str(laptop.root))
        assert settings is not None
        assert line == f"The relay listens on {settings.url}; Ctrl-C ends it.\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_relay_that_was_killed_is_another_next_time(relay):
    word = relay.start()
    still_works(relay)
    relay.end(signal.SIGKILL)
    assert relay.start() != word
    still_works(relay)


def test_what_was_answered_is_in_the_spool_after_an_orderly_end(relay):
    for number in range(50):
        assert relay.hook({**SHELL, "tool_use_id": f"toolu_{number}"})[0] == 200
    relay.end(signal.SIGTERM)
    assert len({record["row"]["fire_key"] for record in relay.laptop.spooled()}) == 50


def test_a_relay_that_has_stopped_moving_is_replaced(relay):
    word = relay.start()
    stuck = relay.pid()
    os.kill(stuck, signal.SIGSTOP)
    long_ago = clock.epoch_seconds() - relay_start.SILENT_SECONDS_MAX - 1
    os.utime(f"{relay.root}/relay/lock", (long_ago, long_ago))
    assert relay.start() != word
    still_works(relay)
    assert relay.pid() != stuck


def test_it_ends_when_nobody_has_needed_it_for_a_while(laptop):
    with RunningRelay(laptop, idle_minutes=0.01) as relay:
        eventually(lambda: not relay.is_running(), 20)
        relay.start()
        still_works(relay)


def test_it_ends_when_its_folder_is_gone(relay):
    still_works(relay)
    Path(relay.root, "relay", "lock").unlink()
    eventually(lambda: not _listens(relay.port), 20)


def _listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def test_a_full_spool_is_told_to_the_exporter_and_counted(relay):
    still_works(relay)
    Path(relay.root, "spool", "fires.ndjson").write_bytes(b"x" * (spool.SPOOL_BYTES_MAX - 10) + b"\n")
    export = exports.logs(exports.claude("api_request", request_id="r"))
    status, answer = relay.post("/v1/logs", json.dumps(export).encode())
    assert (status, json.loads(answer)["code"]) == (503, 14)
    assert relay.hook(SHELL)[0] == 200
    folder = Path(relay.root, "spool")
    eventually(lambda: [file.read_bytes() for file in folder.glob("losses-*")] == [b"oo"], 10)


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
        b"\r\n\r\n",
        b"POST",
        b"POST / HTTP/1.1\r\n",
        b"\0" * 100_000,
        b"POST /v1/logs HTTP/1.1\r\nHost 1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
def test_junk_is_refused_and_nothing_else_happens(relay, junk):
    assert relay.raw(junk)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 413")
    still_works(relay)


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: -1",
        "Content-Length: 9999999999999999999999",
        "Transfer-Encoding: gzip, chunked",
    ],
)
def test_a_body_whose_length_may_mean_two_things_is_refused(relay, framing):
    head = (
        f"POST /v1/logs HTTP/1.1\r\nHost: 127.0.0.1:{relay.port}\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
    )
    assert relay.raw(head.encode() + b"5\r\n{}   \r\n0\r\n\r\n").split(b" ")[1] in (b"400", b"413")
    still_works(relay)


def test_more_than_64_mebibytes_are_refused_however_they_are_sent(relay):
    large = b" " * (64 * MEBIBYTE + 1)
    assert relay.post("/v1/logs", gzip.compress(large, 1), {**JSON, "Content-Encoding": "gzip"})[0] == 413
    head = f"POST /v1/logs HTTP/1.1\r\nHost: 127.0.0.1:{relay.port}\r\nContent-Type: application/json\r\n"
    assert b" 413 " in relay.raw(f"{head}Content-Length: {len(large)}\r\n\r\n".encode())
    still_works(relay)


def test_a_small_body_that_unpacks_to_a_thousand_times_as_much_takes_no_memory(relay):
    bomb = gzip.compress(gzip.compress(b"\0" * (512 * MEBIBYTE), 9), 9)
    inner = gzip.compress(b"\0" * (512 * MEBIBYTE), 1)
    for body in (bomb, inner):
        assert relay.post("/v1/logs", body, {**JSON, "Content-Encoding": "gzip"})[0] in (400, 413)
    still_works(relay)
    peak = Path(f"/proc/{relay.pid()}/status").read_text().partition("VmHWM:")[2].split()[0]
    assert int(peak) < 400 * 1024


def test_an_event_that_breaks_off_changes_the_word_so_that_its_session_looks_for_it(relay):
    word = relay.start()
    head = f"POST {HOOK_PATH} HTTP/1.1\r\nHost: 127.0.0.1:{relay.port}\r\nContent-Type: application/json\r\n"
    assert b" 400 " in relay.raw(f"{head}Content-Length: 100\r\n\r\n".encode() + b'{"half":')
    assert relay.start() != word


def test_clients_that_say_nothing_and_never_leave_hold_nobody_up(relay):
    silent = [socket.create_connection(("127.0.0.1", relay.port)) for _ in range(100)]
    try:
        for connection in silent[::2]:
            connection.sendall(b"POST /v1/logs HTTP/1.1\r\nHost: ")
        begun = clock.elapsed_seconds()
        still_works(relay)
        assert clock.elapsed_seconds() - begun < 5
        relay.end(signal.SIGTERM)
        assert clock.elapsed_seconds() - begun < 10
    finally:
        for connection in silent:
            connection.close()
