"""The proxy before an HTTP server: nobody notices it, it tells no page anything, and the calls become rows."""

import gzip
import json
import socket
import threading
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitResult

from tests.laptop import Laptop
from tests.mcp.upstream import TALLY, Handler, proxying
from tests.waiting import eventually
from tests.wrapped_server import answer, call, line

SECRET = "canary-token"


def post(connection: HTTPConnection, message: object, **headers: str) -> HTTPResponse:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", "/mcp", message if isinstance(message, bytes) else json.dumps(message), given)
    return connection.getresponse()


def statuses(laptop: Laptop, many: int = 1) -> list[str]:
    eventually(lambda: len(laptop.spooled()) >= many, 20)
    return [record["row"]["status"] for record in laptop.spooled()]


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_the_official_client_and_server_do_not_notice_it(laptop, official, mode):
    async def answers(_context: Any, _asked: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"seats": 4})

    async with Client(streamable_http_client(official), mode=mode, elicitation_callback=answers) as client:
        await client.list_tools()
        large = 'é\n"\\' * 50_000
        assert (await client.call_tool("echo", {"text": large})).structured_content == {"result": large}
        assert (await client.call_tool("fail")).is_error
        assert (await client.call_tool("book")).structured_content == {"result": "4 seats"}
    eventually(lambda: len(laptop.spooled()) == 3, 20)
    rows = {record["row"]["skill_name"]: record["row"]["status"] for record in laptop.spooled()}
    assert rows == {"mcp__probe__echo": "success", "mcp__probe__fail": "error", "mcp__probe__book": "success"}
    assert b"canary" not in laptop.everything()


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"])
def test_method_path_headers_and_body_go_on_as_they_are_and_nothing_is_kept(laptop, near, upstream, method):
    upstream.answers = lambda handler: handler.reply(b"canary-body", 418, Mcp_Session_Id="canary-session", X_Own="1")
    headers = {"Authorization": f"Bearer {SECRET}", "Mcp-Session-Id": "canary-session", "X-Other": "a, b"}
    near.request(method, "/mcp/deep?query=canary", b"canary-request", headers)
    response = near.getresponse()
    assert (response.status, response.read()) == (418, b"canary-body")
    assert (response.headers["Mcp-Session-Id"], response.headers["X-Own"]) == ("canary-session", "1")
    ((seen_method, path, seen, body),) = upstream.seen
    assert (seen_method, path, body) == (method, "/mcp/deep?query=canary", b"canary-request")
    assert {name: seen[name] for name in headers} == headers
    assert seen["Host"] == f"127.0.0.1:{upstream.server_port}"
    assert b"canary" not in laptop.everything()


def test_an_answer_to_head_has_no_body_and_the_connection_goes_on(near, upstream):
    upstream.answers = lambda handler: handler.reply(b"12345")
    for method in ("HEAD", "GET", "HEAD", "GET"):
        near.request(method, "/mcp")
        response = near.getresponse()
        assert (response.headers["Content-Length"], response.read()) == ("5", b"" if method == "HEAD" else b"12345")
    assert len(upstream.seen) == 4


def test_an_answer_as_a_whole_becomes_a_row(laptop, near, upstream):
    upstream.answers = lambda handler: handler.reply(line(answer(1)))
    assert post(near, call(1, **{"claudecode/toolUseId": "toolu_1"})).read() == line(answer(1))
    assert statuses(laptop) == ["success"]
    row = laptop.spooled()[0]["row"]
    assert row["fire_key"] == "toolu_1"
    assert row["request_bytes"] == len(json.dumps(call(1, **{"claudecode/toolUseId": "toolu_1"})))
    assert row["response_bytes"] == len(line(answer(1))) - 1


def test_where_the_proxy_was_started_is_not_told_of_its_clients(laptop, upstream, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / ".git" / "config").write_text('[remote "origin"]\n\turl = git@github.com:acme/widget.git\n')
    laptop.environ["CLAUDE_CODE_SESSION_ID"] = "another-session"
    upstream.answers = lambda handler: handler.reply(line(answer(1)))
    with proxying(laptop, f"http://127.0.0.1:{upstream.server_port}/mcp") as url:
        near = HTTPConnection(url.removeprefix("http://").partition("/")[0], timeout=20)
        post(near, call(1)).read()
        near.close()
    assert statuses(laptop) == ["success"]
    row = laptop.spooled()[0]["row"]
    assert (row.get("repo"), row.get("branch"), row.get("session_id")) == (None, None, None)


def test_a_packed_answer_is_passed_on_packed_and_is_understood(laptop, near, upstream):
    packed = gzip.compress(line(answer(1, isError=True)))
    upstream.answers = lambda handler: handler.reply(packed, Content_Encoding="gzip")
    assert post(near, call(1), Accept_Encoding="br;q=1, gzip, zstd").read() == packed
    assert upstream.seen[0][2]["Accept-Encoding"] == "gzip"
    assert statuses(laptop) == ["error"]
    assert laptop.spooled()[0]["row"]["response_bytes"] == len(line(answer(1, isError=True))) - 1, "as it was unpacked"


def test_a_request_in_chunks_goes_on_in_chunks(laptop, near, upstream):
    upstream.answers = _chunks_back
    pieces = [line(call(1))[start : start + 20] for start in range(0, len(line(call(1))), 20)]
    near.request("POST", "/mcp", iter(pieces), {"Transfer-Encoding": "chunked"}, encode_chunked=True)
    assert near.getresponse().read() == line(call(1))
    assert "Content-Length" not in upstream.seen[0][2]


def _chunks_back(handler: Handler) -> None:
    body = b""
    while size := int(handler.rfile.readline(), 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    handler.reply(body)


def test_events_come_one_by_one_as_the_server_sends_them(laptop, near, upstream):
    go_on = threading.Event()

    def answers(handler: Handler) -> None:
        write = handler.stream()
        write(b": hello\n\ndata: " + line({"method": "notifications/progress"}) + b"\n")
        assert go_on.wait(20)
        write(b"event: message\ndata: " + line(answer(1)) + b"\n")

    upstream.answers = answers
    response = post(near, call(1))
    assert response.read1().startswith(b": hello\n")
    go_on.set()
    assert b"canary-output" in response.read()
    assert statuses(laptop) == ["success"]


def test_an_answer_may_come_on_another_stream_as_in_the_first_protocol(laptop, near, upstream):
    posted = threading.Event()

    def answers(handler: Handler) -> None:
        if handler.command == "POST":
            handler.reply(b"Accepted", 202, Content_Type="text/plain")
            posted.set()
            return
        write = handler.stream()
        write(b"event: endpoint\ndata: /messages?session=1\n\n")
        assert posted.wait(20)
        write(b"event: message\ndata: " + line(answer(1)) + b"\n")

    upstream.answers = answers
    listening = HTTPConnection(near.host, near.port, timeout=20)
    listening.request("GET", "/sse")
    stream = listening.getresponse()
    assert post(near, call(1)).read() == b"Accepted"
    assert b"canary-output" in stream.read()
    listening.close()
    assert statuses(laptop) == ["success"]


def test_a_call_that_the_server_refuses_is_an_error(laptop, near, upstream):
    upstream.answers = lambda handler: handler.reply(b"no", 401, WWW_Authenticate="Bearer")
    response = post(near, call(1))
    assert (response.status, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert statuses(laptop) == ["error"]


def test_a_server_that_is_not_there_is_told_and_the_call_is_an_error(laptop):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        with proxying(laptop, f"http://127.0.0.1:{taken.getsockname()[1]}/mcp") as url:
            near = HTTPConnection(url.removeprefix("http://").partition("/")[0], timeout=20)
            response = post(near, call(1), Authorization=f"Bearer {SECRET}")
            said = b"tally mcp proxy: 127.0.0.1 does not answer (ConnectionRefusedError).\n"
            assert (response.status, response.read()) == (502, said)
            near.close()
    assert statuses(laptop) == ["error"]


def test_an_answer_that_breaks_off_breaks_off_for_the_client_too(laptop, near, upstream):
    def answers(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"only so much")
        handler.close_connection = True

    upstream.answers = answers
    response = post(near, call(1))
    with pytest.raises(Exception, match="IncompleteRead"):
        response.read()


def test_a_client_that_leaves_a_silent_stream_leaves_the_server_too(near, upstream):
    gone = threading.Event()

    def answers(handler: Handler) -> None:
        handler.stream()(b": hello\n\n")
        assert handler.connection.recv(1) == b""
        gone.set()

    upstream.answers = answers
    near.request("GET", "/mcp")
    response = near.getresponse()
    assert response.fp.readline()
    response.close()
    near.close()
    assert gone.wait(20)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
    ],
)
def test_a_page_of_elsewhere_gets_nothing_and_reaches_nothing(near, upstream, headers):
    given = {name: value.format(port=near.port) for name, value in headers.items()}
    near.putrequest("POST", "/mcp", skip_host="Host" in given)
    for name, value in {**given, "Content-Length": "2"}.items():
        near.putheader(name, value)
    near.endheaders(b"{}")
    assert near.getresponse().status == 403
    assert upstream.seen == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_every_name_of_this_machine_is_welcome(near, host):
    own = f"{host}:{near.port}"
    near.request("GET", "/mcp", headers={"Host": own, "Origin": f"http://{own}"})
    assert near.getresponse().status == 200


@pytest.mark.parametrize("to", ["nonsense", "ftp://x/", "https://", "http://x:0/", "http://x:99999/", "http://a:b@x/"])
def test_an_address_that_is_none_is_one_line(laptop, to):
    done = laptop.run([str(TALLY), "mcp", "proxy", "--server-name", "x", "--to", to])
    assert done.code == 2
    assert done.err.startswith(b"tally: ")
    assert done.err.count(b"\n") == 1
    assert b"a:b" not in done.err


def test_a_port_that_is_taken_is_one_line(laptop, upstream):
    port = str(upstream.server_port)
    done = laptop.run([str(TALLY), "mcp", "proxy", "--server-name", "x", "--to", "http://x/", "--port", port])
    assert done.code == 2
    assert b"cannot be listened on" in done.err
