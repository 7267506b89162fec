"""One call to the server, and everything that may come back instead of an answer."""

import socket
import threading

import pytest

from tallyward.client.link import Link
from tallyward.errors import Busy, Invalid, NotAuthenticated, NotConnected, NotFound, ScopeMissing, ServerUnreachable
from tests.listening_server import Reply, refusal


def test_it_shows_its_token_and_reads_the_object(listener):
    assert Link(listener.url, "tw_x").get("/v1/capture-config")["tenant"] == "default"
    assert listener.requests[0].headers["Authorization"] == "Bearer tw_x"


def test_a_server_may_live_below_a_path(listener):
    Link(listener.url + "/tally/", "t").call("GET", "/v1/health")
    assert listener.requests[0].path == "/tally/v1/health"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, NotAuthenticated),
        (403, ScopeMissing),
        (404, NotFound),
        (422, Invalid),
        (503, Busy),
        (500, ServerUnreachable),
    ],
)
def test_a_refusal_is_the_error_it_stands_for(listener, status, error):
    listener.answers = lambda _request: refusal(status, "x", "in the server's words")
    with pytest.raises(error, match="in the server's words"):
        Link(listener.url, "t").get("/v1/me")


def test_a_redirect_is_not_followed(listener):
    listener.answers = lambda _request: Reply(302, headers=(("Location", "http://127.0.0.1:1/elsewhere"),))
    assert Link(listener.url, "t").call("GET", "/v1/me").status == 302


def test_a_page_in_place_of_an_object_is_an_empty_one(listener):
    listener.answers = lambda _request: Reply(200, "<html>")
    assert Link(listener.url, "t").call("GET", "/v1/me").body == {}


def test_nobody_there_is_unreachable():
    with socket.socket() as held:  # bound and not listening: nobody else can take the port meanwhile
        held.bind(("127.0.0.1", 0))
        with pytest.raises(ServerUnreachable, match="does not answer"):
            Link(f"http://127.0.0.1:{held.getsockname()[1]}", "t").call("GET", "/")


def test_a_server_that_never_answers_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        link = Link(f"http://127.0.0.1:{silent.getsockname()[1]}", "t", timeout=0.05)
        with pytest.raises(ServerUnreachable):
            link.call("GET", "/")


def test_a_server_that_hangs_up_half_way_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as rude:

        def hang_up() -> None:
            connection, _ = rude.accept()
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{")
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(ServerUnreachable):
            Link(f"http://127.0.0.1:{rude.getsockname()[1]}", "t").call("GET", "/")
        thread.join()


@pytest.mark.parametrize("address", ["ftp://a", "http://", "http://a:port", "http://a:99999"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(NotConnected):
        Link(address, "t")


def test_an_error_never_tells_the_token():
    with pytest.raises(ServerUnreachable) as caught:
        Link("http://127.0.0.1:1", "tw_secret\nline").call("GET", "/")
    assert "tw_secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "in_clear"),
    [
        ("http://127.0.0.1:8787", False),
        ("localhost:8787", False),
        ("https://tally.example", False),
        ("http://tally.example", True),
    ],
)
def test_it_knows_when_a_token_would_cross_a_network_in_clear(address, in_clear):
    assert Link(address, "t").in_clear is in_clear
