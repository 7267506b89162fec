"""A wrapped MCP server in trouble: killed, hanging, flooding, on a full disk. It costs rows, and nothing else."""

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tallyward.client import segments
from tests.laptop import PACKAGE
from tests.waiting import eventually
from tests.wrapped_server import PROBE_COMMAND, WRAP, WrappedServer, answer, call, line, python

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

ECHO = ("cat",)
HUNDRED_MEGABYTES = 100_000_000
STUBBORN = "import sys\nfor line in sys.stdin: pass"


TWO_ABANDONED = [("ping", "abandoned"), ("other", "abandoned")]


def _ends(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["skill_name"].rpartition("__")[2], row["status"]) for row in rows]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_call_that_the_death_of_the_server_ends_is_abandoned(laptop, number):
    with WrappedServer(laptop, python(STUBBORN)) as server:
        server.say(call(1), call(2, "other"))
        eventually(lambda: len(server.between()) == 2)  # which it may also be before the server is one
        server.process.send_signal(number)
        assert server.process.wait() == -number
        assert _ends(server.rows(2)) == TWO_ABANDONED


def test_a_call_that_came_when_the_server_was_dead_already_is_abandoned(laptop):
    with WrappedServer(laptop) as server:
        server.ask({"id": 1, "method": "ping"})
        tee, _ = eventually(lambda: found if len(found := server.between()) == 2 else None)
        os.kill(tee, signal.SIGSTOP)  # a machine with too much to do
        eventually(lambda: _stands_still(tee))
        server.say(call(1), call(2, "other"))
        server.process.kill()
        server.process.wait()
        os.kill(tee, signal.SIGCONT)
        assert _ends(server.rows(2)) == TWO_ABANDONED


def _stands_still(pid: int) -> bool:
    states = [path.read_text().rpartition(")")[2].split()[0] for path in Path(f"/proc/{pid}/task").glob("*/stat")]
    return set(states) == {"T"}


def test_a_server_that_was_ended_before_it_was_one_leaves_its_calls_abandoned(laptop):
    program = f"""import os, signal, sys
sys.path.insert(0, {str(PACKAGE.parent)!r})
from tallyward.hooks import mcp_tee
(server_in, to_server), (server_out, to_tee), (told, ready) = os.pipe(), os.pipe(), os.pipe()
for gone in (server_in, to_tee, told): os.close(gone)
mcp_tee.run("early", server_out, to_server, ready)"""
    calls = line(call(1)) + line(call(2, "other"))
    done = laptop.run(list(python(program)), input=calls)
    assert done.code == 0
    eventually(lambda: len(laptop.spooled()) == 2)
    assert _ends([record["row"] for record in laptop.spooled()]) == TWO_ABANDONED


def test_killing_the_tee_ends_the_server_as_if_the_client_had_gone_and_loses_no_row(laptop):
    program = f"import os, sys\nfor line in sys.stdin:\n    if '\"id\": 7' in line: os.write(1, {line(answer(7))!r})"
    with WrappedServer(laptop, python(program)) as server:
        server.say(call(1, "waits"))
        server.ask(call(7))
        server.rows()  # so the copies have left the tee
        tee, _ = server.between()
        os.kill(tee, signal.SIGKILL)
        assert server.process.wait(10) == 0
        assert [row["status"] for row in server.rows(2)] == ["success", "abandoned"]


def test_killing_the_recorder_costs_rows_and_nothing_else(laptop):
    with WrappedServer(laptop) as server:
        server.ask(call(1))
        _, recorder = eventually(lambda: found if len(found := server.between()) == 2 else None)
        os.kill(recorder, signal.SIGKILL)
        for number in range(2, 200):
            assert server.ask(call(number))["id"] == number
        server.process.stdin.close()
        assert server.process.wait() == 0


def test_a_recorder_that_hangs_holds_up_nothing_and_its_queue_has_a_limit(laptop):
    with WrappedServer(laptop, ECHO) as server:
        tee, recorder = eventually(lambda: found if len(found := server.between()) == 2 else None)
        os.kill(recorder, signal.SIGSTOP)
        try:
            assert _pumped(server, b"x" * HUNDRED_MEGABYTES) == HUNDRED_MEGABYTES
            assert _resident_megabytes(tee) < 120  # the queue's limit is 64 MiB
        finally:
            os.kill(recorder, signal.SIGCONT)
    assert segments.losses(str(laptop.root))["unreadable"] in (1, 2)  # one for each direction


def _pumped(server: WrappedServer, block: bytes) -> int:
    """How many bytes come back of those that are sent, while both go on at once."""
    writing = threading.Thread(target=server.process.stdin.write, args=(block,))
    writing.start()
    heard = 0
    while heard < len(block):
        heard += len(os.read(server.process.stdout.fileno(), 1 << 20))
    writing.join()
    return heard


def _resident_megabytes(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:  # noqa: PTH123  # no file of ours
        (kilobytes,) = [line.split()[1] for line in file if line.startswith("VmRSS")]
    return int(kilobytes) / 1024


def test_an_answer_of_a_hundred_megabytes_is_paired_in_little_memory(laptop):
    program = (
        "import sys, os\nsys.stdin.readline()\nblock = b'x' * 1_000_000\n"
        'os.write(1, b\'{"result":{"content":[{"text":"\')\n'
        "for _ in range(100):\n    left = block\n    while left: left = left[os.write(1, left):]\n"
        'os.write(1, b\'"}],"isError":true},"id":1}\\n\')\nsys.stdin.read()'
    )
    with WrappedServer(laptop, python(program)) as server:
        server.say(call(1))
        heard = 0
        while heard < HUNDRED_MEGABYTES:
            heard += len(os.read(server.process.stdout.fileno(), 1 << 20))
        assert eventually(lambda: server.rows()[-1]["status"] == "error", 20)  # after the note that it runs
        assert all(_resident_megabytes(pid) < 120 for pid in server.between())


@pytest.mark.parametrize(
    "noise",
    [
        b"Listening on stdio...\n",
        b"\xff\xfe\0\n",
        b"{" * 50_000 + b"\n",
        b'{"id":1,"result"',
        b"\n\n\r\n",
        b'[1,{"id":1}]\n',
        b"null\n",
    ],
)
def test_noise_on_the_servers_output_goes_through_and_spoils_no_row(laptop, noise):
    said = f"os.write(1, {noise!r})\nsys.stdin.readline()\nos.write(1, {line(answer(7))!r})"
    program = f"import os, sys\n{said}\nsys.stdin.read()"
    with WrappedServer(laptop, python(program)) as server:
        assert os.read(server.process.stdout.fileno(), 1 << 20) == noise
        server.say(call(7))
        assert server.hear() == line(answer(7))
        server.process.stdin.close()
        server.process.wait()
        assert [row["status"] for row in server.rows()] == ["success" if noise.endswith(b"\n") else "abandoned"]


def test_a_flood_goes_through_whole_and_the_rows_after_it_are_right(laptop):
    program = (
        "import os, sys\nblock = b'not a message\\n' * 10_000\n"
        "for _ in range(300):\n    left = block\n    while left: left = left[os.write(1, left):]\n"
        f"for _ in sys.stdin: os.write(1, {line(answer(7))!r})"
    )
    size = len(b"not a message\n") * 3_000_000
    with WrappedServer(laptop, python(program)) as server:
        heard = 0
        while heard < size:
            heard += len(os.read(server.process.stdout.fileno(), min(1 << 20, size - heard)))

        def a_row_is_right() -> bool:  # what was said while the recorder was behind may be left out
            assert server.ask(call(7)) == answer(7)
            return any(row["status"] == "success" for row in server.rows(0))

        assert eventually(a_row_is_right, 20)


def test_a_disk_that_refuses_costs_the_row_and_not_the_answer(laptop):
    laptop.root.write_text("a file where the folder should be")
    with WrappedServer(laptop) as server:
        for number in range(50):
            assert server.ask(call(number))["id"] == number
        server.process.stdin.close()
        assert server.process.wait() == 0


def test_a_broken_installation_runs_the_server_unmeasured(laptop, tmp_path):
    alone = tmp_path / "a" / "b" / "c" / "mcp_wrap.py"
    alone.parent.mkdir(parents=True)
    alone.write_bytes(WRAP.read_bytes())
    done = laptop.run(
        [sys.executable, "-I", "-S", str(alone), "--server-name", "x", "--", *PROBE_COMMAND], input=line(call(1))
    )
    assert (done.code, done.err) == (0, b"")
    assert b"pong" in done.out


def test_where_children_are_reaped_unasked_it_works_all_the_same(laptop):
    ignoring = {"preexec_fn": lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN)}
    with WrappedServer(laptop, **ignoring) as server:
        assert server.ask(call(1))["id"] == 1
        assert server.rows()[0]["status"] == "success"
