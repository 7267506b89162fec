"""One HTTP request, read within limits of size and time: with a length or chunked, packed with gzip or not.

A connection carries one request. An agent's next one opens another, so that none is ever sent into a connection that
the relay is about to close; on loopback that takes a tenth of a millisecond.
"""

import asyncio
import zlib
from dataclasses import dataclass, field

from tallyward.errors import BadRequest, Busy, MethodNotAllowed, TallyError, TooLarge, TooSlow, UnsupportedMedia

HEAD_BYTES_MAX = 32 * 1024
HEAD_SECONDS_MAX = 10.0
BODY_SECONDS_MAX = 30.0  # on loopback; whoever dribbles does it on purpose
PART_BYTES = 64 * 1024
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Head:
    """The request line and the headers, names in lower case."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def media(self) -> str:
        """The type of the body, without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The head of the request; None where the connection ends before one begins."""
    try:
        async with asyncio.timeout(HEAD_SECONDS_MAX):
            raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise BadRequest("The request ends in its head.") from error
    except asyncio.LimitOverrunError as error:
        raise TooLarge(f"The head is larger than {HEAD_BYTES_MAX} bytes.") from error
    except TimeoutError as error:
        raise TooSlow(f"The head did not arrive within {HEAD_SECONDS_MAX:.0f} seconds.") from error
    return _parsed(raw)


def _parsed(raw: bytes) -> Head:
    first, *lines = raw.decode("latin-1").split("\r\n")[:-2]
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):  # noqa: PLR2004  # method, path and version
        raise BadRequest("This is no request of HTTP.")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or name.lower() in headers:
            raise BadRequest("A header is not well-formed, or there twice.")
        headers[name.lower()] = value.strip()
    return Head(parts[0], parts[1].partition("?")[0], headers)


class Room:
    """What may wait in memory at once, over all requests."""

    def __init__(self, bytes_max: int) -> None:
        self._left = bytes_max

    def take(self, size: int) -> None:
        """Raises Busy if there is not as much left."""
        if size > self._left:
            raise Busy("Too much waits to be read.")
        self._left -= size

    def give(self, size: int) -> None:
        """Have it back."""
        self._left += size


async def read_body(reader: asyncio.StreamReader, head: Head, bytes_max: int, room: Room) -> "Body":
    """The whole body, unpacked. Raises one of our errors for anything else, and then takes no room."""
    encoding = head.headers.get("content-encoding", "identity").lower()
    if encoding not in ("identity", "gzip"):
        raise UnsupportedMedia("The content encoding must be gzip or none.")
    body = Body(bytes_max, room, packed=encoding == "gzip")
    try:
        await _fill(reader, head, body)
    except BaseException:
        body.forget()
        raise
    return body


async def _fill(reader: asyncio.StreamReader, head: Head, body: "Body") -> None:
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            if "transfer-encoding" in head.headers:
                await _chunked(reader, head, body)
            else:
                await _counted(reader, _length(head, body.bytes_max), body)
    except TimeoutError as error:
        raise TooSlow(f"The body did not arrive within {BODY_SECONDS_MAX:.0f} seconds.") from error
    except asyncio.IncompleteReadError as error:
        raise BadRequest("The connection ended before the body did.") from error
    body.require_whole()


def _length(head: Head, bytes_max: int) -> int:
    said = head.headers.get("content-length", "0")
    if not (said.isascii() and said.isdigit() and len(said) < 20):  # noqa: PLR2004  # digits of any size there is
        raise BadRequest("The length is no number.")
    if int(said) > bytes_max:
        raise TooLarge(f"The body is larger than {bytes_max} bytes.")
    return int(said)


async def _counted(reader: asyncio.StreamReader, size: int, body: "Body") -> None:
    while size > 0:
        part = await reader.readexactly(min(size, PART_BYTES))
        size -= len(part)
        body.add(part)


async def _chunked(reader: asyncio.StreamReader, head: Head, body: "Body") -> None:
    if head.headers["transfer-encoding"].lower() != "chunked" or "content-length" in head.headers:
        raise BadRequest("The body's length is told in a way that may mean two things.")
    while True:
        size = _size_of_chunk(await _line(reader))
        if size == 0:
            while (await _line(reader)).strip():
                pass  # a trailer
            return
        await _counted(reader, size, body)
        if await reader.readexactly(2) != b"\r\n":
            raise BadRequest("A chunk does not end where it said.")


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\n")
    except asyncio.LimitOverrunError as error:
        raise BadRequest("A chunk's size is too long to be one.") from error


def _size_of_chunk(line: bytes) -> int:
    said = line.partition(b";")[0].strip()
    if not said or len(said) > 8 or not all(letter in b"0123456789abcdefABCDEF" for letter in said):  # noqa: PLR2004
        raise BadRequest("A chunk has no size.")
    return int(said, 16)


class Body:
    """A body as it comes in, unpacked part by part: what unpacks to more than is allowed is not unpacked."""

    def __init__(self, bytes_max: int, room: Room, *, packed: bool) -> None:
        self.bytes_max = bytes_max
        self._room = room
        self._size = 0
        self._parts: list[bytes] = []
        self._member = zlib.decompressobj(_GZIP_WINDOW) if packed else None
        self._begun = False

    def add(self, part: bytes) -> None:
        """Take the next part as it was sent."""
        self._begun = True
        if self._member is None:
            self._keep(part)
            return
        while part:
            try:
                plain = self._member.decompress(part, self.bytes_max - self._size + 1)
            except zlib.error as error:
                raise BadRequest("The body is not valid gzip.") from error
            self._keep(plain)
            part = self._member.unused_data
            if self._member.eof and part:  # several gzip files one after the other are one
                self._member = zlib.decompressobj(_GZIP_WINDOW)

    def _keep(self, plain: bytes) -> None:
        if self._size + len(plain) > self.bytes_max:
            raise TooLarge(f"The body is larger than {self.bytes_max} bytes.")
        self._room.take(len(plain))
        self._size += len(plain)
        self._parts.append(plain)

    def require_whole(self) -> None:
        """Raises BadRequest if it was cut off."""
        if self._member is not None and self._begun and not self._member.eof:
            raise BadRequest("The gzip body ends too early.")

    def content(self) -> bytes:
        """All of it."""
        return b"".join(self._parts)

    def forget(self) -> None:
        """Give the room back that it took."""
        self._room.give(self._size)
        self._size = 0
        self._parts.clear()


def require_ours(head: Head, port: int) -> None:
    """Refuse what no agent on this machine sends: a page in a browser, or a name that was made to point here.

    Raises one of our errors.
    """
    host = head.headers.get("host", "").lower()
    if host not in {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}:
        raise BadRequest("The relay goes by 127.0.0.1 and localhost alone.")
    if "origin" in head.headers or head.headers.get("sec-fetch-mode", "cors") != "cors":
        raise BadRequest("The relay does not speak with pages.")
    if head.method != "POST":
        raise MethodNotAllowed


def response(status: int, body: bytes = b"", media: str = "application/json", error: TallyError | None = None) -> bytes:
    """An answer, after which the connection ends."""
    lines = [f"HTTP/1.1 {status} {_WORDS.get(status, 'Error')}", f"Content-Length: {len(body)}", "Connection: close"]
    if body:
        lines.append(f"Content-Type: {media}")
    if error is not None and error.retryable:
        lines.append("Retry-After: 5")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


_WORDS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 503: "Service Unavailable"}
