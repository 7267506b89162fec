"""A wrapped MCP server is the server: its bytes, its end, its exit code. Whatever breaks beside it costs rows only."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.waiting import eventually
from tests.wrapped_server import WRAP, WrappedServer, call, line, python, wrap_command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

ECHO = ("cat",)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=200_000) | st.just(line(call(1))), max_size=6))
def test_any_bytes_in_any_pieces_come_out_as_they_went_in(laptop, pieces):
    with WrappedServer(laptop, ECHO) as server:

        def write() -> None:
            for piece in pieces:
                server.process.stdin.write(piece)
            server.process.stdin.close()

        writing = threading.Thread(target=write)
        writing.start()
        assert server.process.stdout.read() == b"".join(pieces)
        writing.join()
        assert server.process.wait() == 0


def test_each_piece_goes_on_at_once_even_if_no_line_ends_in_it(laptop):
    with WrappedServer(laptop, ECHO) as server:
        for piece in (b'{"half', b" a message", b"\n", b"\0\xff"):
            server.say(piece)
            assert os.read(server.process.stdout.fileno(), 100) == piece


def test_standard_error_is_the_servers_own(laptop):
    with WrappedServer(
        laptop, python("import os; os.write(2, b'Traceback: \\xff\\n'); os.close(2); input()")
    ) as server:
        assert server.process.stderr.read() == b"Traceback: \xff\n"
        assert server.process.poll() is None


@pytest.mark.parametrize("code", [0, 1, 77])
def test_the_exit_code_is_the_servers(laptop, code):
    with WrappedServer(laptop, ("sh", "-c", f"exit {code}")) as server:
        assert server.process.wait() == code


def test_a_server_that_is_not_there_is_one_line_and_a_shells_exit_code(laptop):
    for command, code in (("no-such-program", 127), ("/etc", 126)):
        done = laptop.run(wrap_command("x", command))
        assert done.code == code
        assert done.err.startswith(f"tally: the MCP server '{command}' cannot be started".encode())
        assert done.err.count(b"\n") == 1


def test_a_misspelt_command_line_says_how_it_is_spelt(laptop):
    for arguments in (
        [],
        ["--server-name", "x"],
        ["--server-name", "x", "--"],
        ["--", "cat"],
        ["--server-name", "", "--", "cat"],
    ):
        done = laptop.run([sys.executable, "-I", "-S", str(WRAP), *arguments])
        assert (done.code, done.out) == (2, b"")
        assert done.err.startswith(b"usage: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, signal.SIGUSR1])
def test_a_signal_meets_the_server_itself(laptop, number):
    with WrappedServer(laptop) as server:
        server.ask({"id": 1, "method": "ping"})
        server.process.send_signal(number)
        assert server.process.wait() == -number


def test_a_server_that_handles_a_signal_handles_it_once(laptop):
    handled = "signal.signal(15, lambda *_: os.write(1, b'bye'))"
    program = f"import signal, os\n{handled}\nos.write(1, b'.')\ninput()"
    with WrappedServer(laptop, python(program), start_new_session=True) as server:
        assert server.process.stdout.read(1) == b"."
        os.killpg(server.process.pid, signal.SIGTERM)
        assert server.process.stdout.read(3) == b"bye"
        server.process.stdin.close()
        assert server.process.stdout.read() == b""


@pytest.mark.parametrize(
    "about",
    [
        "env",
        "pwd",
        "ls /proc/$$/fd",
        "exec grep Sig /proc/self/status",
        "ulimit -a",
        "ps -o ppid=,pgid= -p $$",
    ],
)
def test_whatever_a_program_finds_about_itself_is_as_without_us(laptop, tmp_path, about):
    laptop.environ = {"PATH": os.environ["PATH"], "ONE": "two words", "TALLY_HOME": str(laptop.root)}
    there = ["sh", "-c", about]
    direct, wrapped = (
        laptop.run(command, cwd=tmp_path, stdin=subprocess.DEVNULL, process_group=os.getpgrp())
        for command in (there, wrap_command("x", *there))
    )
    assert direct.out
    assert (wrapped.code, wrapped.out, wrapped.err) == (direct.code, direct.out, direct.err)


def test_a_client_that_closes_its_end_ends_a_server_that_reads_to_the_end(laptop):
    with WrappedServer(laptop, python("import sys; sys.stdin.read(); print('last words'); sys.exit(5)")) as server:
        server.process.stdin.close()
        assert server.process.stdout.read() == b"last words\n"
        assert server.process.wait() == 5


def test_a_server_that_ends_closes_both_ends_of_the_client(laptop):
    with WrappedServer(laptop, python("print('gone')")) as server:
        assert server.process.stdout.read() == b"gone\n"
        with pytest.raises(BrokenPipeError):
            eventually(lambda: server.say(b"anybody?\n"))
        eventually(lambda: not server.between())


def test_a_client_that_stops_listening_is_told_to_the_server(laptop):
    program = "import os\ntry:\n    while True: os.write(1, b'x' * 65536)\nexcept BrokenPipeError:\n    os._exit(9)"
    with WrappedServer(laptop, python(program)) as server:
        server.process.stdout.close()
        assert server.process.wait(20) == 9


def test_a_server_that_closes_its_input_and_works_on_is_not_ended(laptop):
    with WrappedServer(
        laptop,
        python("import os, time\nos.close(0)\nos.write(1, b'still here')\nos.read(2, 1)"),
        stderr=subprocess.PIPE,
    ) as server:
        assert os.read(server.process.stdout.fileno(), 100) == b"still here"


def test_a_call_leaves_one_row_and_nothing_of_what_was_said(laptop):
    laptop.environ["CLAUDE_CODE_SESSION_ID"] = "session-1"
    with WrappedServer(laptop) as server:
        server.ask({"id": 0, "method": "initialize", "params": {"clientInfo": {"name": "claude-code"}}})
        asked = call(1, **{"claudecode/toolUseId": "toolu_1", "progressToken": 1})
        answered = server.ask(asked)
        server.ask({"id": 2, "method": "tools/list"})
        (row,) = server.rows()
    assert (row["fire_key"], row["session_id"], row["engineer_id"]) == ("toolu_1", "session-1", "ann")
    assert (row["skill_name"], row["status"], row["source"]) == (f"mcp__{server.name}__ping", "success", "relay")
    assert (row["runtime"], row["kind"]) == ("claude-code-cli", "mcp")
    assert 0 <= row["latency_ms"] < 5000
    assert (row["request_bytes"], row["response_bytes"]) == (len(line(asked)) - 1, len(line(answered)) - 1)
    assert server.rows(0) == [row]
    for private in (b"canary", b"path", b"pong"):
        assert private not in laptop.everything()


def test_a_sender_takes_the_row_away(laptop, listener):
    laptop.connect(listener.url)
    with WrappedServer(laptop) as server:
        server.ask(call(1))
        eventually(lambda: listener.rows)
    (row,) = listener.rows.values()
    assert (row["skill_name"], row["source"]) == (f"mcp__{server.name}__ping", "relay")


def test_the_command_goes_straight_there_and_loads_nothing_that_takes_time(laptop):
    laptop.environ["PYTHONPROFILEIMPORTTIME"] = "1"
    tally = str(Path(sys.executable).with_name("tally"))
    done = laptop.run([tally, "mcp", "wrap", "--server-name", "x", "--", "sh", "-c", "echo $0; exit 7"])
    assert (done.code, done.out) == (7, b"sh\n")
    loaded = {entry.rpartition(b"|")[2].strip().partition(b".")[0] for entry in done.err.splitlines()}
    assert b"tallyward" in loaded
    assert not {b"typer", b"rich", b"json", b"subprocess", b"http"} & loaded


def test_options_that_the_wrapper_does_not_know_are_left_to_the_command_line(laptop):
    tally = str(Path(sys.executable).with_name("tally"))
    done = laptop.run([tally, "mcp", "wrap", "--server-name=x", "--", "sh", "-c", "exit 7"])
    assert (done.code, done.out, done.err) == (7, b"", b"")
    assert b"--server-name" in laptop.run([tally, "mcp", "wrap", "--help"]).out
