"""Senders that dribble, in the head or in the body, are let go in time; the others do not notice."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tallyward import clock
from tallyward.ops import bounded_http
from tallyward.web import bodies
from tests.acceptance.tenancy import ROW, Tenancy
from tests.browser.site import Site, running
from tests.servers import call_on

SECONDS = 0.3
HEAD = b"POST /v1/trace HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"


@pytest.fixture
def hasty(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server whose patience is short."""
    monkeypatch.setattr(bodies, "BODY_SECONDS_MAX", SECONDS)
    monkeypatch.setattr(bounded_http, "HEAD_SECONDS_MAX", SECONDS)
    with running(database_url, http=bounded_http.BoundedHttp) as site:
        yield site


@contextmanager
def connected(site: Site) -> Iterator[socket.socket]:
    port = int(site.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        yield connection


def dribble(connection: socket.socket, until: threading.Event) -> None:
    """One byte after the other, until told to stop or let go."""
    while not until.wait(0.02):
        try:
            connection.sendall(b"x")
        except OSError:
            return


def answer_to_dribble(site: Site, begin: bytes) -> tuple[bytes, float]:
    """All that the server says until it closes the connection, and after how many seconds it does."""
    done = threading.Event()
    with connected(site) as connection:
        connection.sendall(begin)
        started = clock.elapsed_seconds()
        sender = threading.Thread(target=dribble, args=[connection, done])
        sender.start()
        said = b""
        try:
            while part := connection.recv(65_536):
                said += part
        except ConnectionResetError:
            pass  # closed while a byte was on its way
        done.set()
        sender.join()
    return said, clock.elapsed_seconds() - started


@pytest.mark.parametrize("length", [b"Content-Length: 1000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n"])
def test_a_body_that_dribbles_is_answered_408_and_let_go(hasty: Site, length: bytes) -> None:
    said, seconds = answer_to_dribble(hasty, HEAD % hasty.token("lead").encode() + length)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"too_slow"' in said
    assert seconds < SECONDS + 2


def test_a_head_that_dribbles_is_let_go(hasty: Site) -> None:
    said, seconds = answer_to_dribble(hasty, b"GET /v1/health HTTP/1.1\r\nX-Long: ")
    assert said == b""
    assert seconds < SECONDS + 2


def test_a_connection_that_says_nothing_is_let_go(hasty: Site) -> None:
    with connected(hasty) as connection:
        assert connection.recv(1) == b""


def test_dribbling_senders_hold_up_nobody(hasty: Site) -> None:
    token = hasty.token("lead").encode()
    done = threading.Event()
    with connected(hasty) as one, connected(hasty) as other:
        one.sendall(HEAD % token + b"Content-Length: 1000\r\n\r\n")
        other.sendall(b"GET /v1/health HTTP/1.1\r\nX-Long: ")
        senders = [threading.Thread(target=dribble, args=[connection, done]) for connection in (one, other)]
        for sender in senders:
            sender.start()
        for number in range(20):
            hasty.trace({"engineer_id": f"e{number}"})
        done.set()
        for sender in senders:
            sender.join()


def test_a_connection_that_is_kept_open_serves_one_request_after_the_other(site: Tenancy) -> None:
    connection = site.server.connection()
    connection.connect()
    kept = connection.sock
    replies = [call_on(connection, "POST", "/v1/trace", ROW, token=site.token).status for _ in range(3)]
    assert replies == [202] * 3
    assert connection.sock is kept
    connection.close()


def test_a_head_without_end_is_refused_and_the_server_goes_on(site: Tenancy) -> None:
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as connection:
        connection.sendall(b"GET /v1/health HTTP/1.1\r\nX-Long: ")
        said = b""
        with pytest.raises(OSError, match=r"reset|[Bb]roken pipe"):  # noqa: PT012  # it may be refused at any of these
            for _ in range(1_000):
                connection.sendall(b"x" * 65_536)
        try:
            said = connection.recv(65_536)
        except ConnectionResetError:
            said = b"HTTP/1.1 400 "  # the answer was overtaken by the reset
    assert said.startswith(b"HTTP/1.1 400 ")
    assert site.post(ROW).status == 202
