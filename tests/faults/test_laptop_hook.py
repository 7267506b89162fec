"""Whatever goes wrong on the laptop, the hook ends within 200 ms, with 0, in silence."""

import fcntl
import os
import resource
import socket
import subprocess
import sys

import pytest

from tallyward import clock
from tallyward.client import delivery, segments
from tests.claude_events import tool
from tests.laptop import HOOK
from tests.waiting import eventually

SECONDS_MAX = 0.2
ATTEMPTS = 5  # this machine may be busy with other tests; the promise is about the hook


def within_the_limit(run) -> None:
    """`run` gives (code, output, seconds). It must be right each time, and quick at least once."""
    fastest = float("inf")
    for _ in range(ATTEMPTS):
        done = run()
        assert (done.code, done.out, done.err) == (0, b"", b"")
        fastest = min(fastest, done.seconds)
        if fastest < SECONDS_MAX:
            return
    pytest.fail(f"the hook took {fastest:.3f} s")


def test_a_server_that_is_down(laptop):
    laptop.connect("http://127.0.0.1:1")
    within_the_limit(lambda: laptop.hook(tool("PostToolUse")))
    assert segments.waiting(str(laptop.root)).rows >= 1


def test_a_server_that_hangs_while_a_hook_fires_gets_the_row_later(laptop, listener):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        laptop.connect(f"http://127.0.0.1:{silent.getsockname()[1]}")
        within_the_limit(lambda: laptop.hook(tool("PostToolUse")))
        eventually(laptop.sender_pid)
        laptop.connect(listener.url)
    eventually(lambda: delivery.deliver(str(laptop.root), {}, lock_seconds=10).left == 0)
    assert "fire toolu_0123" in listener.rows


def test_a_home_that_cannot_be_written(laptop):
    """/proc takes no directory from anybody, root included."""
    laptop.environ["TALLY_HOME"] = "/proc/tally"
    within_the_limit(lambda: laptop.hook(tool("PostToolUse")))
    assert not os.path.exists("/proc/tally")  # noqa: PTH110


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root; the test above holds for it")
def test_a_read_only_home(laptop):
    laptop.root.mkdir(mode=0o500)
    within_the_limit(lambda: laptop.hook(tool("PostToolUse")))
    assert list(laptop.root.iterdir()) == []


def test_a_full_disk(laptop):
    """The kernel refuses every byte beyond the limit, as a full disk does."""
    laptop.hook(tool("PostToolUse"))
    size = (laptop.root / "spool" / "fires.ndjson").stat().st_size

    def no_more_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, size + 10))

    within_the_limit(lambda: laptop.hook(tool("PostToolUse"), preexec_fn=no_more_room))
    assert len(laptop.spooled()) == 1
    assert segments.losses(str(laptop.root))["disk"] >= 1


@pytest.mark.parametrize("config", [b"", b"{", b"\xff" * 100, b'{"server": []}', b"x" * 200_000])
def test_a_broken_configuration(laptop, config):
    laptop.root.mkdir()
    (laptop.root / "config.json").write_bytes(config)
    within_the_limit(lambda: laptop.hook(tool("PostToolUse")))
    assert laptop.spooled()


def test_pipes_where_files_should_be(laptop):
    (laptop.root / "spool").mkdir(parents=True)
    for name in ("config.json", "spool/fires.ndjson", "spool/losses"):
        os.mkfifo(laptop.root / name)
    within_the_limit(lambda: laptop.hook(tool("PostToolUse")))


@pytest.mark.parametrize("raw", [b"", b"{", b"\x00" * 1000, b'{"a": ' * 10_000, b"\xff\xfe"])
def test_a_broken_event(laptop, raw):
    within_the_limit(lambda: laptop.hook(raw))
    assert segments.losses(str(laptop.root))["unreadable"] >= 1


def test_no_standard_input_at_all(laptop):
    program = f"exec {sys.executable} -I -S {HOOK} <&- >&- 2>&-"
    within_the_limit(lambda: laptop.run(["sh", "-c", program]))


def test_an_event_that_never_ends(laptop):
    """The writer keeps the pipe open: the hook leaves, its child waits a little longer and counts the loss."""
    read_end, write_end = os.pipe()
    os.write(write_end, b'{"session_id": "s"')
    try:
        within_the_limit(lambda: laptop.run([sys.executable, "-I", "-S", str(HOOK)], stdin=read_end))
    finally:
        os.close(read_end)
        os.close(write_end)
    eventually(lambda: segments.losses(str(laptop.root))["unreadable"])


def test_an_event_of_many_megabytes(laptop):
    big = tool("PostToolUse", tool_response={"image": "x" * 10_000_000})
    assert laptop.hook(big).code == 0
    assert eventually(laptop.spooled)[0]["row"]["fire_key"] == "toolu_0123"


def test_a_spool_that_somebody_holds(laptop):
    """The hook leaves in time; its child writes as soon as it may."""
    laptop.hook(tool("PostToolUse"))
    with (laptop.root / "spool" / "fires.ndjson").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        begun = clock.elapsed_seconds()
        within_the_limit(lambda: laptop.hook({**tool("PostToolUse"), "tool_use_id": "toolu_late"}))
        assert clock.elapsed_seconds() - begun < ATTEMPTS * 1.0
        assert len(laptop.spooled()) == 1
    eventually(lambda: any(record["row"]["fire_key"] == "toolu_late" for record in laptop.spooled()))


def test_a_session_file_that_is_garbage(laptop):
    (laptop.root / "sessions").mkdir(parents=True)
    (laptop.root / "sessions" / "5f0c1e2a-session.json").write_bytes(b"\x00garbage")
    within_the_limit(lambda: laptop.hook({**tool("PostToolUse"), "hook_event_name": "Stop"}))
    assert laptop.spooled()[0]["row"]["kind"] == "session"


def test_many_hooks_at_once_lose_nothing(laptop):
    running = [
        subprocess.Popen([sys.executable, "-I", "-S", str(HOOK)], stdin=subprocess.PIPE, env=laptop.environ)
        for _ in range(20)
    ]
    for number, one in enumerate(running):
        one.communicate(b'{"hook_event_name":"PostToolUse","tool_name":"Bash","tool_use_id":"t%d"}' % number)
    assert all(one.returncode == 0 for one in running)
    eventually(lambda: len(laptop.spooled()) == len(running))
    assert {record["row"]["fire_key"] for record in laptop.spooled()} == {f"t{number}" for number in range(20)}
