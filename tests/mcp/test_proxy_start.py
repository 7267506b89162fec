"""The helper that Claude Code runs before it connects: our proxy listens then, or no key goes to whoever else does."""

import json
import os
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tallyward.hooks.mcp_http import lock_file
from tests.laptop import PACKAGE
from tests.mcp.upstream import Upstream
from tests.waiting import eventually
from tests.wrapped_server import answer, call, line

HELPER = PACKAGE / "hooks" / "mcp_http.py"


@pytest.fixture
def port(laptop):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        chosen = probe.getsockname()[1]
    yield chosen
    if kept_file(laptop, chosen).is_file():
        kept_file(laptop, chosen).unlink()
        eventually(lambda: not listens(chosen), 10)


def kept_file(laptop, port: int) -> Path:
    return Path(lock_file(str(laptop.root), port))


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def starting(laptop, port: int, to: str) -> "subprocess.Popen[bytes]":
    words = ["--server-name", "probe", "--port", str(port), "--headers", "Authorization X-Key", "--", to]
    command = [sys.executable, "-I", "-S", str(HELPER), *words]
    return subprocess.Popen(command, env=laptop.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def printed(laptop, port: int, to: str) -> dict[str, str]:
    out, err = starting(laptop, port, to).communicate(timeout=20)
    assert err == b""
    return json.loads(out)


def test_when_the_helper_ends_the_proxy_listens_and_a_call_is_a_row(laptop, port, upstream: Upstream):
    upstream.answers = lambda handler: handler.reply(line(answer(1)))
    assert printed(laptop, port, f"http://127.0.0.1:{upstream.server_port}/mcp") == {}
    near = HTTPConnection("127.0.0.1", port, timeout=20)
    near.request("POST", "/mcp?a=1", json.dumps(call(1)), {"Authorization": "canary-key"})
    assert near.getresponse().read() == line(answer(1))
    near.close()
    method, path, headers, _ = upstream.seen[0]
    assert (method, path, headers["Authorization"]) == ("POST", "/mcp?a=1", "canary-key")
    eventually(laptop.spooled, 20)
    assert laptop.spooled()[0]["row"]["skill_name"] == "mcp__probe__ping"
    assert b"canary" not in laptop.everything()


def test_many_helpers_at_once_start_one_proxy(laptop, port, upstream: Upstream):
    to = f"http://127.0.0.1:{upstream.server_port}/mcp"
    running = [starting(laptop, port, to) for _ in range(5)]
    assert [json.loads(one.communicate(timeout=20)[0]) for one in running] == [{}] * 5
    assert listens(port)


def test_a_port_that_somebody_else_has_gets_no_key(laptop, port):
    with socket.create_server(("127.0.0.1", port)):
        assert printed(laptop, port, "https://mcp.example/mcp") == {"Authorization": "", "X-Key": ""}


def test_a_home_that_cannot_be_written_gets_no_key_out_either(laptop, port):
    laptop.root.parent.mkdir(parents=True, exist_ok=True)
    laptop.root.write_text("a file")
    assert printed(laptop, port, "https://mcp.example/mcp") == {"Authorization": "", "X-Key": ""}


def test_a_proxy_that_was_killed_is_there_again_at_the_next_connection(laptop, port, upstream: Upstream):
    to = f"http://127.0.0.1:{upstream.server_port}/mcp"
    assert printed(laptop, port, to) == {}
    os.kill(int(kept_file(laptop, port).read_text().split()[1]), signal.SIGKILL)
    eventually(lambda: not listens(port), 10)
    assert printed(laptop, port, to) == {}
    assert listens(port)


def test_a_misspelt_command_line_says_how_it_is_spelt(laptop):
    done = subprocess.run([sys.executable, "-I", "-S", str(HELPER), "x"], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"usage: ")
