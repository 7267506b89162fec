"""`tally mcp proxy`: stands before an MCP server that is spoken to over HTTP, on this machine alone.

A request goes on with the path, headers and body it came with, and the answer comes back as it comes, event by event.
What was said is not looked at here: copies go to the recorder, as with a wrapped server (`hooks.mcp_copies`). Nothing
is logged, so no token or path is.

The proxy listens on loopback, where any page in a browser could try to reach it. So it answers only to its own name
(or a page could have its own resolved to us) and to no page of another origin.
"""

import contextlib
import http.client
import itertools
import os
import select
import socket
import ssl
import threading
from collections.abc import Callable, Generator, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import SplitResult, urlsplit

from tallyward import ids
from tallyward.capture.mcp import Mcp
from tallyward.errors import ConfigInvalid, PortInUse
from tallyward.hooks.mcp_copies import FROM_CLIENT, FROM_SERVER, Copies, start_recorder
from tallyward.hooks.mcp_exchanges import ANSWERED, ASKED, OVER, Exchanges
from tallyward.hooks.mcp_recorder import Recorder

HOSTS = ("127.0.0.1", "localhost", "[::1]")
BLOCK_BYTES = 65_536
LINE_BYTES_MAX = 65_536
CONNECT_SECONDS_MAX = 30.0
WATCH_SECONDS = 1.0
# Of one connection, not of the message: each side has its own.
OF_THE_CONNECTION = frozenset({
    "connection", "expect", "host", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
READABLE_ENCODINGS = ("gzip", "deflate", "identity")  # those that the recorder can unpack
EVENTS = "text/event-stream"  # may last for hours
OF_ONE_CLIENT = ("CLAUDE_CODE_SESSION_ID", "CLAUDE_CODE_ENTRYPOINT")
WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Proxy(ThreadingHTTPServer):
    """Serves one MCP server's clients until it is shut down."""

    daemon_threads = True

    def __init__(self, name: str, to: str, port: int) -> None:
        self.to = _target(to)
        try:
            super().__init__(("127.0.0.1", port), Handler)
        except OSError as error:
            raise PortInUse(f"127.0.0.1:{port} cannot be listened on: {error.strerror}.") from error
        self.copies = Copies(start_recorder(lambda pipe: _record(pipe, name)))
        self.tls = ssl.create_default_context() if self.to.scheme == "https" else None
        self.numbers = itertools.count(1)

    @property
    def url(self) -> str:
        """What a client is given in place of the server's own address."""
        return self.to._replace(scheme="http", netloc=f"127.0.0.1:{self.server_port}", fragment="").geturl()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away in the middle is no news."""


def _target(to: str) -> SplitResult:
    parts = urlsplit(to)
    try:
        port_is_one = parts.port != 0
    except ValueError:
        port_is_one = False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_one:
        raise ConfigInvalid(f"{to!r} is not the address of an MCP server; it begins with https:// or http://.")
    if "@" in parts.netloc:
        raise ConfigInvalid("The address holds a password; let the client send it in a header.")
    return parts


def _record(pipe: int, name: str) -> None:
    """Be the recorder's process. Where and in which session the proxy was started says nothing of its clients."""
    calls = Mcp(name, ids.random_hex)
    around = {name: value for name, value in os.environ.items() if name not in OF_ONE_CLIENT}
    Recorder(pipe, calls, Exchanges(calls), "/", around).serve()


class Handler(BaseHTTPRequestHandler):
    """One connection of a client, with one of ours to the server beside it for as long as both will."""

    protocol_version = "HTTP/1.1"
    server: Proxy  # pyright: ignore[reportIncompatibleVariableOverride]  # nobody else makes one
    upstream: http.client.HTTPConnection | None = None
    line: socket.socket  # what carries it, even when it has handed that over to a last answer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the base class's
        """Nothing is logged: heads hold tokens."""

    def finish(self) -> None:
        """End both connections."""
        self._hang_up()
        super().finish()

    def _forward(self) -> None:
        if not self._is_welcome():
            self._say(HTTPStatus.FORBIDDEN, "This address serves programs of this machine, not pages.")
            return
        number = next(self.server.numbers)
        agent = self.headers.get("User-Agent", "").partition("/")[0].replace("\n", " ")
        self._copy(ASKED, f"{agent}\n{_encoding(self.headers.get('Content-Encoding'))}".encode(), number)
        body = self._body(number)
        try:
            answer = self._asked(body)
        except (OSError, http.client.HTTPException) as error:
            self._hang_up()
            for _ in body:
                pass  # What the client wanted is known by what it says.
            self._copy(ANSWERED, f"{HTTPStatus.BAD_GATEWAY:d}\n\n".encode(), number)
            host = self.server.to.hostname
            self._say(HTTPStatus.BAD_GATEWAY, f"{host} does not answer ({type(error).__name__}).")
        else:
            self._answer(answer, number)
        finally:
            self._copy(OVER, b"", number)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = do_OPTIONS = _forward  # noqa: N815  # the base's names

    def _is_welcome(self) -> bool:
        names = [f"{host}:{self.server.server_port}" for host in HOSTS]
        origin = self.headers.get("Origin")
        return self.headers.get("Host") in names and (origin is None or origin.removeprefix("http://") in names)

    def _copy(self, kind: int, piece: bytes, number: int) -> None:
        self.server.copies.put(kind, piece, number)

    @property
    def _in_chunks(self) -> bool:
        return "chunked" in self.headers.get("Transfer-Encoding", "").lower()

    def _asked(self, body: Iterator[bytes]) -> http.client.HTTPResponse:
        """Send the request on; the head of the answer."""
        upstream = self._connected()
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        upstream.putheader("Host", self.server.to.netloc)
        chunked = self._in_chunks
        for name, value in self.headers.items():
            if name.lower() not in OF_THE_CONNECTION and not (chunked and name.lower() == "content-length"):
                upstream.putheader(name, _readable(value) if name.lower() == "accept-encoding" else value)
        if chunked:
            upstream.putheader("Transfer-Encoding", "chunked")
        upstream.endheaders()
        for piece in body:
            upstream.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            upstream.send(b"0\r\n\r\n")
        return upstream.getresponse()

    def _body(self, number: int) -> Iterator[bytes]:
        """The request's body in the pieces in which it comes, copied."""
        for piece in self._chunks() if self._in_chunks else self._sized(int(self.headers.get("Content-Length") or 0)):
            self._copy(FROM_CLIENT, piece, number)
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(LINE_BYTES_MAX).partition(b";")[0], 16):
            yield from self._sized(size)
            self.rfile.readline(LINE_BYTES_MAX)
        while self.rfile.readline(LINE_BYTES_MAX).strip():
            pass  # Trailers are of the connection.

    def _sized(self, size: int) -> Iterator[bytes]:
        while size > 0:
            piece = self.rfile.read1(min(size, BLOCK_BYTES))  # pyright: ignore[reportAttributeAccessIssue]  # it is buffered
            if not piece:
                raise ConnectionError("the client went away")
            size -= len(piece)
            yield piece

    def _answer(self, answer: http.client.HTTPResponse, number: int) -> None:
        """Send the answer back, piece by piece as it comes."""
        kind = answer.headers.get_content_type() if "Content-Type" in answer.headers else ""
        told = f"{answer.status}\n{kind}\n{_encoding(answer.headers.get('Content-Encoding'))}"
        self._copy(ANSWERED, told.encode(), number)
        has_body = self.command != "HEAD" and answer.status not in WITHOUT_BODY
        chunked = has_body and "Content-Length" not in answer.headers
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.headers.items():
            if name.lower() not in OF_THE_CONNECTION:
                self.send_header(name, value)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if has_body:
            with self._watching() if kind == EVENTS else contextlib.nullcontext():
                self._stream(answer, number, chunked=chunked)
        answer.close()
        if answer.will_close:
            self._hang_up()

    def _stream(self, answer: http.client.HTTPResponse, number: int, *, chunked: bool) -> None:
        try:
            while piece := answer.read1(BLOCK_BYTES):
                self._copy(FROM_SERVER, piece, number)
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            if answer.length:
                raise http.client.IncompleteRead(b"")
            if chunked:
                self.wfile.write(b"0\r\n\r\n")
        except (OSError, http.client.HTTPException):
            # One side broke off in the middle; the other sees the same.
            self.close_connection = True
            self._hang_up()

    @contextlib.contextmanager
    def _watching(self) -> Generator[None]:
        """Notice a client that leaves while the server is silent, as it may be for hours."""
        over = threading.Event()
        thread = threading.Thread(target=_hang_up_with, args=(self.connection, self.line, over), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()

    def _connected(self) -> http.client.HTTPConnection:
        """A connection to the server: the last one, if it is still good."""
        if self.upstream is not None and _is_idle(self.upstream.sock):
            return self.upstream
        self._hang_up()
        to = self.server.to
        if self.server.tls is None:
            upstream = http.client.HTTPConnection(to.hostname or "", to.port, timeout=CONNECT_SECONDS_MAX)
        else:
            upstream = http.client.HTTPSConnection(
                to.hostname or "", to.port, timeout=CONNECT_SECONDS_MAX, context=self.server.tls
            )
        self.upstream = upstream
        upstream.connect()
        self.line = upstream.sock
        self.line.settimeout(None)  # a tool may take as long as its client waits
        return upstream

    def _hang_up(self) -> None:
        if self.upstream is not None:
            self.upstream.close()
        self.upstream = None

    def _say(self, status: HTTPStatus, text: str) -> None:
        """An answer of our own."""
        self.close_connection = True
        raw = f"tally mcp proxy: {text}\n".encode()
        self.send_response_only(status)
        for name, value in (("Content-Type", "text/plain"), ("Content-Length", str(len(raw))), ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)


def _encoding(header: str | None) -> str:
    return (header or "").strip().lower() if (header or "").isalpha() else ""


def _readable(header: str) -> str:
    """What the client accepts, without what the recorder could not unpack."""
    kept = [part.strip() for part in header.split(",") if part.partition(";")[0].strip() in READABLE_ENCODINGS]
    return ", ".join(kept) or "identity"


def _is_idle(connection: socket.socket | None) -> bool:
    """Whether a connection waits for a request: one that the server has closed can be read from."""
    return connection is not None and not select.select([connection], [], [], 0)[0]


def _hang_up_with(client: socket.socket, upstream: socket.socket, over: threading.Event) -> None:
    """End the server's connection when the client's ends."""
    with contextlib.suppress(OSError, ValueError):  # one of them is closed already
        while not over.is_set():
            if not select.select([client], [], [], WATCH_SECONDS)[0]:
                continue
            if client.recv(1, socket.MSG_PEEK):
                return  # The next request waits already.
            if not over.is_set():
                upstream.shutdown(socket.SHUT_RDWR)
            return


def serve(name: str, to: str, port: int, say: Callable[[str], None]) -> None:
    """Run the proxy until it is interrupted, after saying where it is."""
    with Proxy(name, to, port) as proxy:
        say(proxy.url)
        with contextlib.suppress(KeyboardInterrupt):
            proxy.serve_forever()
        proxy.copies.finish()
