"""Reads a request's body within limits of size and time, compressed or not, and answers in JSON."""

import asyncio
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tallyward.errors import BadRequest, TooLarge, TooSlow, UnsupportedMedia

BODY_BYTES_MAX = 10 * 1024 * 1024  # 10,000 rows of a thousand bytes
BODY_SECONDS_MAX = 10.0  # a sender that dribbles must not hold a connection for ever
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_ENCODINGS = ("", "identity", "gzip")


class _Inflate:
    """Takes gzip apart as it comes in. Several gzip files one after the other are one, as for `gzip` itself."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_WINDOW)

    @property
    def whole(self) -> bool:
        return self._member.eof

    def decompress(self, data: bytes, bytes_max: int) -> bytes:
        """What `data` holds, of which at most `bytes_max` are made. Raises zlib.error when it is no gzip."""
        plain = self._member.decompress(data, bytes_max)
        while self._member.eof and self._member.unused_data and len(plain) < bytes_max:
            rest = self._member.unused_data
            self._member = zlib.decompressobj(_GZIP_WINDOW)
            plain += self._member.decompress(rest, bytes_max - len(plain))
        return plain


def announced_bytes(request: Request) -> int | None:
    """How long the body says it is; None where it does not say."""
    announced = header(request, b"content-length")
    return int(announced) if announced.isascii() and announced.isdigit() else None


async def read_body(request: Request, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """The whole body, decompressed. Raises TooLarge, TooSlow, UnsupportedMedia, or BadRequest for a broken gzip."""
    encoding = header(request, b"content-encoding").strip().lower()
    if encoding not in _ENCODINGS:
        raise UnsupportedMedia("The content encoding must be gzip or none.", field="Content-Encoding")
    if (announced_bytes(request) or 0) > bytes_max:
        raise _too_large(bytes_max)
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            return await _gather(request, bytes_max, _Inflate() if encoding == "gzip" else None)
    except TimeoutError as error:
        raise TooSlow(f"The body did not arrive within {BODY_SECONDS_MAX:.0f} seconds.") from error


async def _gather(request: Request, bytes_max: int, inflate: _Inflate | None) -> bytes:
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("The connection ended before the body did.")
        more = message.get("more_body", False)
        part = message.get("body", b"")
        if inflate is not None and part:
            part = _inflated(inflate, part, bytes_max - size + 1)
        size += len(part)
        if size > bytes_max:
            raise _too_large(bytes_max)
        parts.append(part)
    if inflate is not None and not inflate.whole:
        raise BadRequest("The gzip body ends too early.", field="Content-Encoding")
    return b"".join(parts) if len(parts) > 1 else parts[0]


def _inflated(inflate: _Inflate, part: bytes, bytes_max: int) -> bytes:
    try:
        return inflate.decompress(part, bytes_max)
    except zlib.error as error:
        raise BadRequest("The body is not valid gzip.", field="Content-Encoding") from error


def _too_large(bytes_max: int) -> TooLarge:
    return TooLarge(f"The body is larger than {bytes_max} bytes.")


def content_type(request: Request) -> str:
    """The media type of the body, without parameters, in lower case."""
    return header(request, b"content-type").partition(";")[0].strip().lower()


def header(request: Request, name: bytes) -> str:
    """The first header of this lower-case name, empty where there is none: one pass, where `Headers` makes objects."""
    for key, value in request.scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return ""


_encoder = msgspec.json.Encoder()


class Json(Response):
    """A JSON answer of anything msgspec can encode. It writes its own headers, since every fire is answered by one."""

    def __init__(self, content: Any, status_code: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.status_code = status_code
        self.background = None
        self.body = _encoder.encode(content)
        self.raw_headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self.body))]
        for name, value in (headers or {}).items():
            self.raw_headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))
