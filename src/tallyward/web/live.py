"""Open pages follow the ledger: one listener per process tells every open page that something was stored.

The database says which tenant changed, never what. A page that hears of it asks for itself again, with its own rights,
so this stream carries nothing to protect or to lose. What a page has seen is one mark (`<process>.<gaps>.<count>`), and
the difference between two marks is the whole queue: a client that never reads costs a few bytes and no growing list, a
burst of a thousand commits is one event now and one at its end, and a client that was away is told when it is back.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tallyward import clock, ids
from tallyward.domain.access import Principal
from tallyward.errors import Busy, NotAuthenticated
from tallyward.redact import Secret
from tallyward.services.tokens import Tokens
from tallyward.web.auth import presented

PACE_SECONDS = 0.5  # a board is drawn at most twice a second; the eye asks for no more
HEARTBEAT_SECONDS = 15.0  # shorter than the idle limit of any proxy we know, and how soon a revoked token is noticed
SEND_SECONDS_MAX = 10.0  # a client whose buffers stay full this long has gone away without saying so
STREAM_SECONDS_MAX = (
    3600.0  # then the client connects anew: no stream outlives its buffers, even one that is never read
)
RELISTEN_SECONDS = 1.0  # between two attempts to listen to a database that went away
STREAMS_MAX = 2_000  # per process; each holds a socket, and a process has a limited number of those

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """The rhythm of the streams; tests make it quick."""

    pace: float = PACE_SECONDS
    heartbeat: float = HEARTBEAT_SECONDS
    send: float = SEND_SECONDS_MAX
    whole: float = STREAM_SECONDS_MAX
    relisten: float = RELISTEN_SECONDS


class Feed:
    """What changed, by tenant: filled by one listener, followed by any number of streams."""

    def __init__(self, changes: Callable[[], AsyncIterator[str]], timing: Timing | None = None) -> None:
        self.timing = timing or Timing()
        self._changes = changes
        self._process = ids.random_hex(4)
        self._gaps = 0
        self._counts: Counter[str] = Counter()
        self._followers: dict[asyncio.Event, str] = {}
        self._closing = asyncio.Event()

    def mark(self, tenant: str) -> str:
        """What there is to see of `tenant` now. Another mark means: look again."""
        return f"{self._process}.{self._gaps}.{self._counts[tenant]}"

    def changed(self, tenant: str) -> None:
        """Rows of `tenant` were committed; the empty tenant says that notices may have been missed, for anyone."""
        if tenant:
            self._counts[tenant] += 1
        else:
            self._gaps += 1
        for event, follows in self._followers.items():
            if tenant in ("", follows):
                event.set()

    def require_room(self) -> None:
        """Raises Busy when this process follows for as many pages as it can."""
        if len(self._followers) >= STREAMS_MAX:
            raise Busy("Too many live pages are open on this server.")

    @contextmanager
    def follow(self, tenant: str) -> Generator[asyncio.Event]:
        """An event that is set at each change of `tenant`."""
        self.require_room()
        event = asyncio.Event()
        self._followers[event] = tenant
        try:
            yield event
        finally:
            del self._followers[event]

    @property
    def followers(self) -> int:
        return len(self._followers)

    async def run(self) -> None:
        """Listen until cancelled or closed. A lost database is listened to again, and then every page looks anew.

        The empty tenant that tells of it comes from the changes themselves, once they are listened to.
        """
        while not self._closing.is_set():
            try:
                async for tenant in self._changes():
                    self.changed(tenant)
            except Busy as error:
                log.warning("live updates wait for the database: %s", error.message)
            await asyncio.sleep(self.timing.relisten)

    def close(self) -> None:
        """End every stream now, so that a stopping server need not wait for its open pages."""
        self._closing.set()

    async def closed(self) -> None:
        await self._closing.wait()


class LiveStream(Response):
    """The `text/event-stream` of one page: `changed` events with the mark as their id, and comments as heartbeat."""

    media_type = "text/event-stream"

    def __init__(self, feed: Feed, tenant: str, *, seen: str, still_allowed: Callable[[], Awaitable[bool]]) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._feed = feed
        self._tenant = tenant
        self._seen = seen
        self._still_allowed = still_allowed
        self._timing = feed.timing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # the ASGI signature
        with self._feed.follow(self._tenant) as event:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            ends = [self._write(send, event), self._gone(receive), self._feed.closed()]
            tasks = [asyncio.ensure_future(end) for end in ends]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        written, gone, _ = tasks
        if written in done and isinstance(written.exception(), TimeoutError):
            log.info("a live page took nothing more and was let go")
            return
        if gone not in done:
            await self._send(send, b"", more=False)
        for task in done:
            task.result()

    async def _write(self, send: Send, event: asyncio.Event) -> None:
        await self._send(send, b": following\n\n")
        start = clock.elapsed_seconds()
        check = start + self._timing.heartbeat
        while (now := clock.elapsed_seconds()) - start < self._timing.whole:
            if now >= check:
                if not await self._still_allowed():
                    return
                await self._send(send, b": still here\n\n")
                check = now + self._timing.heartbeat
            mark = self._feed.mark(self._tenant)
            if mark == self._seen:
                event.clear()
                await self._wait(event, check - now)
                continue
            self._seen = mark
            await self._send(send, f"event: changed\nid: {mark}\ndata: {mark}\n\n".encode())
            await asyncio.sleep(self._timing.pace)  # whatever is committed meanwhile is one more event after it

    async def _wait(self, event: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()

    async def _send(self, send: Send, body: bytes, *, more: bool = True) -> None:
        # Not wait_for: until Python 3.12 it may swallow a cancellation that comes as the sending ends.
        async with asyncio.timeout(self._timing.send):
            await send({"type": "http.response.body", "body": body, "more_body": more})

    async def _gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue


async def still_reads(tokens: Tokens, secret: Secret | None) -> bool:
    """Whether the token may still read. A database that does not answer now has not revoked anything."""
    try:
        return secret is not None and (await tokens.authenticate(secret)).may("read")
    except NotAuthenticated:
        return False
    except Busy:
        return True


async def live(request: Request, principal: Principal) -> Response:
    """The stream of one open page, from what it has seen on."""
    feed: Feed = request.app.state.feed
    feed.require_room()
    seen = request.headers.get("last-event-id") or request.query_params.get("seen", "")
    secret = presented(request)
    tokens: Tokens = request.app.state.tokens
    return LiveStream(feed, principal.tenant, seen=seen, still_allowed=lambda: still_reads(tokens, secret))
