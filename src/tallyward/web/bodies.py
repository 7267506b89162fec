"""Reads a request's body within limits of size and time, compressed or not, and answers in JSON."""

import asyncio
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tallyward.errors import BadRequest, TooLarge, TooSlow, UnsupportedMedia

BODY_BYTES_MAX = 10 * 1024 * 1024  # 10,000 rows of a thousand bytes
BODY_SECONDS_MAX = 10.0  # a sender that dribbles must not hold a connection for ever
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_ENCODINGS = ("", "identity", "gzip")


async def read_body(request: Request, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """The whole body, decompressed. Raises TooLarge, TooSlow, UnsupportedMedia, or BadRequest for a broken gzip."""
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in _ENCODINGS:
        raise UnsupportedMedia("The content encoding must be gzip or none.", field="Content-Encoding")
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced) > bytes_max:
        raise _too_large(bytes_max)
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            return await _gather(request, bytes_max, compressed=encoding == "gzip")
    except TimeoutError as error:
        raise TooSlow(f"The body did not arrive within {BODY_SECONDS_MAX:.0f} seconds.") from error
    except ClientDisconnect as error:
        raise BadRequest("The connection ended before the body did.") from error


async def _gather(request: Request, bytes_max: int, *, compressed: bool) -> bytes:
    inflate = zlib.decompressobj(_GZIP_WINDOW) if compressed else None
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        part = chunk
        if inflate is not None and chunk:
            try:
                part = inflate.decompress(chunk, bytes_max - size + 1)
            except zlib.error as error:
                raise BadRequest("The body is not valid gzip.", field="Content-Encoding") from error
        size += len(part)
        if size > bytes_max:
            raise _too_large(bytes_max)
        parts.append(part)
    if inflate is not None and not inflate.eof:
        raise BadRequest("The gzip body ends too early.", field="Content-Encoding")
    return b"".join(parts)


def _too_large(bytes_max: int) -> TooLarge:
    return TooLarge(f"The body is larger than {bytes_max} bytes.")


def content_type(request: Request) -> str:
    """The media type of the body, without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


_encoder = msgspec.json.Encoder()


class Json(Response):
    """A JSON answer of anything msgspec can encode."""

    media_type = "application/json"

    def __init__(self, content: Any, status_code: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(_encoder.encode(content), status_code, headers)
