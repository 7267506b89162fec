"""Open pages that never read, or leave without a word, hold up neither the rows nor the server's end."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tallyward import clock
from tests.faults.load import ROW, Load, require_conserved
from tests.servers import Server, serving
from tests.waiting import eventually

PAGES = 100


@contextmanager
def pages(server: Server, token: str, number: int = PAGES) -> Iterator[list[socket.socket]]:
    """Live pages with the smallest buffers there are, of which only the first bytes are ever read."""
    request = (
        f"GET /live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n".encode()
    )
    with ExitStack() as stack:
        opened: list[socket.socket] = []
        for _ in range(number):
            page = stack.enter_context(socket.socket())
            page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            page.settimeout(10)
            page.connect(("127.0.0.1", server.port))
            page.sendall(request)
            assert page.recv(12) == b"HTTP/1.1 200"
            opened.append(page)
        yield opened


@pytest.fixture
def server(tmp_path: Path, database_url: str) -> Iterator[Server]:
    with serving(tmp_path / "data", database=database_url) as running:
        yield running


def test_pages_that_never_read_hold_up_no_row_and_no_end(server: Server) -> None:
    token = server.token()
    with pages(server, token):
        load = Load(server, token)
        with load.running():
            load.until_confirmed(500)
        assert set(load.outcomes) == {"confirmed"}
        require_conserved(server, load)
        started = clock.elapsed_seconds()
        assert server.terminate() == 0
        assert clock.elapsed_seconds() - started < 10
    assert "Traceback" not in server.log


def descriptors(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells which descriptors a process holds")
def test_pages_that_leave_without_a_word_leave_nothing_behind(server: Server) -> None:
    token = server.token()
    assert server.call("POST", "/v1/trace", ROW, token=token).status == 202
    with pages(server, token, 1):
        before = descriptors(server)
    with pages(server, token):
        assert descriptors(server) >= before + 0.9 * PAGES  # connections to the database come and go beside them
        assert server.call("POST", "/v1/trace", ROW, token=token).status == 202
    eventually(lambda: descriptors(server) <= before, 20)
    assert "Traceback" not in server.log
