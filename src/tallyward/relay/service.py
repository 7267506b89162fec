"""The relay at work: connections in, answers out at once, and one thread behind that strips and spools in their order.

A hook's event is answered as soon as it is here, since the agent waits for that; an export when its rows are on the
disk, since an exporter sends again what was not taken. Whatever the relay could not take changes the word it goes by,
which tells every session that it has to look into its transcript for what was missed (`hooks/relayed.py`).
"""

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from tallyward import clock
from tallyward.client import relay_start, sender_start, session_place
from tallyward.client.home import write_object
from tallyward.client.session_memory import forget_old
from tallyward.errors import AnothersProcess, Busy, Internal, NotFound, TallyError, UnsupportedMedia
from tallyward.relay import events, exports, peers, refusals, requests
from tallyward.relay.requests import Head, Room

EVENT_BYTES_MAX = 32 * 1024 * 1024  # an image in a tool's answer is a few; more is no event
EXPORT_BYTES_MAX = 64 * 1024 * 1024  # what the protocol recommends, packed or unpacked
WAITING_BYTES_MAX = 192 * 1024 * 1024  # of all requests that are here at once
CONNECTIONS_MAX = 256  # an agent has a handful
ANSWER_SECONDS_MAX = 10.0  # for a client that does not read its answer
LINGER_SECONDS_MAX = 1.0  # for a client that still sends what was refused, so that it reads why
ENDING_SECONDS_MAX = 2.0  # for requests that are here when the relay ends
# A session that no hook has spoken of for longer than so many times the idling is over, however it ended.
LIVE_TIMES = 24


class Relay:
    """One relay's life, from its open port to the end of its idling."""

    def __init__(self, root: str, environ: Mapping[str, str], lock_fd: int, settings: relay_start.Settings) -> None:
        self.root = root
        self.environ = environ
        self.settings = settings
        self._lock_fd = lock_fd
        self._worker = ThreadPoolExecutor(1)
        self._room = Room(WAITING_BYTES_MAX)
        self._connections = 0
        self._used_at = clock.elapsed_seconds()
        self._ended = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def run(self, listener: object) -> None:
        """Serve on an open port until nobody needs it, or `stop` is called."""
        forget_old(self.root, clock.epoch_seconds(), session_place.FOLDER)
        server = await asyncio.start_server(self._connected, sock=listener, limit=requests.HEAD_BYTES_MAX)  # pyright: ignore[reportArgumentType]  # a socket, whose module is not imported here
        while self._is_needed():
            os.utime(self._lock_fd)
            self._send()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), self._pause())
        server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._quiet.wait(), ENDING_SECONDS_MAX)
        self._worker.shutdown(wait=True)
        self._send()

    def stop(self) -> None:
        """End, after what is here is on the disk."""
        self._ended.set()

    def _pause(self) -> float:
        return min(relay_start.HEARTBEAT_SECONDS, self.settings.idle_minutes * 60)

    def _is_needed(self) -> bool:
        if self._ended.is_set() or not self._holds_the_lock():
            return False
        if self._connections or clock.elapsed_seconds() - self._used_at < self.settings.idle_minutes * 60:
            return True
        return self._a_session_lives()

    def _holds_the_lock(self) -> bool:
        """Whether the folder is still there and still ours: somebody may have deleted it."""
        mine = os.fstat(self._lock_fd)
        try:
            there = Path(self.root, "relay", "lock").stat()
        except OSError:
            return False
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)

    def _a_session_lives(self) -> bool:
        newest = 0.0
        with suppress(OSError), os.scandir(f"{self.root}/sessions") as entries:
            newest = max((entry.stat().st_mtime for entry in entries), default=0.0)
        return clock.epoch_seconds() - newest < self.settings.idle_minutes * 60 * LIVE_TIMES

    def _send(self) -> None:
        """Have a sender take away what is in the spool, if none is about."""
        with suppress(OSError):
            sender_start.beside(self.root, self.environ)

    def missed(self) -> None:
        """Something was not taken: go by another word from now on."""
        with suppress(OSError):
            relay_start.sign(self._lock_fd, os.getpid())

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        self._quiet.clear()
        self._used_at = clock.elapsed_seconds()
        try:
            await self._answer(reader, writer)
        except (ConnectionError, TimeoutError):
            pass  # The other side has left; what it had sent whole is taken.
        finally:
            self._connections -= 1
            if not self._connections:
                self._quiet.set()
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head: Head | None = None
        try:
            self._require_room(writer)
            head = await requests.read_head(reader)
            if head is None:
                return
            requests.require_ours(head, self.settings.port)
            raw = await self._taken(reader, writer, head)
        except TallyError as error:
            raw = self._refused(head, error)
        except Exception as error:  # noqa: BLE001  # told of by type alone: its text may repeat what was sent
            self._tell(error)
            raw = self._refused(head, Internal())
        if raw:
            await self._write(writer, raw)
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_SECONDS_MAX):
                    while await reader.read(requests.PART_BYTES):
                        pass

    def _require_room(self, writer: asyncio.StreamWriter) -> None:
        if self._connections > CONNECTIONS_MAX:
            raise Busy("There are too many connections at once.")
        port = writer.get_extra_info("peername")[1]
        if peers.can_tell() and peers.owner(port, self.settings.port) != os.getuid():
            raise AnothersProcess

    async def _taken(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: Head) -> bytes:
        if head.headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if head.path == events.PATH:
            await self._event(reader, writer, head)
            return b""
        kind = exports.KINDS.get(head.path)
        if kind is None:
            raise NotFound
        if head.media() not in (exports.JSON, exports.PROTOBUF):
            raise UnsupportedMedia(f"The content type must be {exports.PROTOBUF} or {exports.JSON}.")
        body = await requests.read_body(reader, head, EXPORT_BYTES_MAX, self._room)
        try:
            loop = asyncio.get_running_loop()
            given = (self.root, self.environ, body.content(), head.media(), kind)
            kept = await loop.run_in_executor(self._worker, exports.keep, *given)
        finally:
            body.forget()
        self._send()
        return requests.response(200, kept.answer(kind, head.media()), head.media())

    async def _event(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: Head) -> None:
        """Answer as soon as the event is here; then keep what it is worth."""
        if head.media() != exports.JSON:
            raise UnsupportedMedia(f"The content type must be {exports.JSON}.")
        began = clock.elapsed_seconds()
        body = await requests.read_body(reader, head, EVENT_BYTES_MAX, self._room)
        given = (self.root, self.environ, head.headers, body.content(), began)
        try:
            await self._write(writer, requests.response(200))
        finally:
            try:
                if not await asyncio.get_running_loop().run_in_executor(self._worker, events.keep, *given):
                    self.missed()
            finally:
                body.forget()
        self._send()

    def _refused(self, head: Head | None, error: TallyError) -> bytes:
        """The answer to what was not taken, in the type that was sent. A hook's event that was lost is noted."""
        if head is not None and head.path == events.PATH and not isinstance(error, AnothersProcess):
            self.missed()
        if head is not None and head.media() == exports.PROTOBUF:
            body, media = refusals.in_protobuf(error), exports.PROTOBUF
        else:
            body, media = refusals.in_json(error), exports.JSON
        return requests.response(error.status, body, media, error)

    def _tell(self, error: Exception) -> None:
        """Keep the kind of an error of ours where `tally status` looks; not its words."""
        with suppress(OSError):
            reason = f"the relay met {type(error).__name__}"
            write_object(f"{self.root}/relay/trouble", {"reason": reason}, durable=False)

    @staticmethod
    async def _write(writer: asyncio.StreamWriter, raw: bytes) -> None:
        writer.write(raw)
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            await writer.drain()
            writer.write_eof()
