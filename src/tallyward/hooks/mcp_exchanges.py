"""MCP over HTTP, as copies of requests and answers tell it: which messages were in them, and which exchange they end.

A request's body holds messages, and an answer's body holds one or is a stream of events. The answer to a call comes in
its own exchange as a rule, but may come in another one, when a stream was broken off and resumed, or in older
protocols. Heads are told as one line of the few words that matter; ids of sessions, paths and tokens are not copied.
"""

import zlib

from tallyward.capture.mcp import WANTED, Ended, Mcp
from tallyward.client.event_stream import Events
from tallyward.client.json_glance import Found, Glance
from tallyward.hooks.mcp_copies import FROM_CLIENT
from tallyward.hooks.mcp_recorder import event

ASKED, ANSWERED, OVER = 2, 3, 4  # kinds of a frame, beside those of the bodies' pieces
ERROR_STATUS_MIN = 400
UNPACKED_BYTES = 65_536
_EITHER_WRAPPING = zlib.MAX_WBITS | 32  # gzip or zlib, whichever it is


class Whole:
    """A body that is one message, or a list of them."""

    def __init__(self) -> None:
        self._glance = Glance(WANTED)

    def feed(self, piece: bytes) -> "list[Found]":
        self._glance.feed(piece)
        return self._glance.take()  # at once: the answer may come elsewhere before this exchange ends

    def end(self) -> "list[Found]":
        return self._glance.end()

    def lose(self) -> None:
        self._glance.broken = True


class Body:
    """One direction of an exchange: its pieces in, its messages out."""

    def __init__(self, content_type: str, encoding: str) -> None:
        self._reader = Events(WANTED) if content_type == "text/event-stream" else Whole()
        self._unpack = zlib.decompressobj(_EITHER_WRAPPING) if encoding in ("gzip", "deflate") else None

    def feed(self, piece: bytes) -> "list[Found]":
        """The messages that end in this piece."""
        if self._unpack is None:
            return list(self._reader.feed(piece))
        found: list[Found] = []
        while piece:
            found += self._reader.feed(self._unpack.decompress(piece, UNPACKED_BYTES))
            piece = self._unpack.unconsumed_tail
        return found

    def end(self) -> "list[Found]":
        """The messages that only the end of the body completes."""
        return self._reader.end()

    def lose(self) -> None:
        """A piece is missing here."""
        self._reader.lose()


class Exchange:
    """One request and its answer."""

    def __init__(self, at: float, agent: str, encoding: str) -> None:
        self.at = at
        self.agent = agent
        self.asked: Body | None = Body("application/json", encoding)
        self.answered: Body | None = None


class Exchanges:
    """All exchanges of a server that is spoken to over HTTP."""

    def __init__(self, calls: Mcp) -> None:
        self._calls = calls
        self._open: dict[int, Exchange] = {}

    def take(self, kind: int, scope: int, at: float, piece: bytes) -> "list[Ended]":
        """Listen to one piece; the calls that end in it."""
        if kind == ASKED:
            agent, encoding = piece.decode().split("\n")
            self._open[scope] = Exchange(at, agent, encoding)
            return []
        exchange = self._open.get(scope)
        if exchange is None:
            return []  # Its beginning was left out.
        if kind == FROM_CLIENT:
            return self._client_said(exchange, scope, exchange.asked.feed(piece) if exchange.asked else [])
        if kind == ANSWERED:
            return self._answer_begins(exchange, scope, at, piece.decode())
        if kind == OVER:
            return self._over(exchange, scope, at)
        return self._server_said(scope, at, exchange.answered.feed(piece) if exchange.answered else [])

    def lose(self, kind: int, scope: int) -> None:
        """A piece is missing here."""
        exchange = self._open.get(scope)
        body = (exchange.asked if kind == FROM_CLIENT else exchange.answered) if exchange else None
        if body is not None:
            body.lose()

    def _request_ends(self, exchange: Exchange, scope: int) -> "list[Ended]":
        body, exchange.asked = exchange.asked, None
        return self._client_said(exchange, scope, body.end() if body else [])

    def _answer_begins(self, exchange: Exchange, scope: int, at: float, head: str) -> "list[Ended]":
        status, content_type, encoding = head.split("\n")
        exchange.answered = Body(content_type, encoding)
        ended = self._request_ends(exchange, scope)
        return ended + self._calls.scope_fails(str(scope), at) if int(status) >= ERROR_STATUS_MIN else ended

    def _over(self, exchange: Exchange, scope: int, at: float) -> "list[Ended]":
        del self._open[scope]
        ended = self._request_ends(exchange, scope)
        # A call that is not answered in its exchange may be in another: it stays open.
        return ended + self._server_said(scope, at, exchange.answered.end() if exchange.answered else [])

    def _client_said(self, exchange: Exchange, scope: int, messages: "list[Found]") -> "list[Ended]":
        ended: list[Ended] = []
        for found in messages:
            self._calls.client_name = exchange.agent
            ended += self._calls.client_said(event(found), exchange.at, str(scope), found.size_bytes)
        return ended

    def _server_said(self, scope: int, at: float, messages: "list[Found]") -> "list[Ended]":
        return [
            ended
            for found in messages
            for ended in self._calls.server_said(event(found), at, str(scope), found.size_bytes)
        ]
