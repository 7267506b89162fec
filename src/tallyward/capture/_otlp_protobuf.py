"""OTLP in protobuf, brought to the shape of OTLP/JSON with Python alone: a laptop has no library for it.

Only the fields that capture looks at are walked, by their numbers in the protocol; bodies, events, links and all that a
newer protocol may add are stepped over by their length. The server has the library, and does the same with it.
"""

import struct
from collections.abc import Iterator
from typing import Any

from tallyward.capture._otlp import RECORDS_MAX, Kind
from tallyward.errors import BadRequest, TooLarge

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_VARINT_BYTES_MAX = 10
_Field = int | bytes
Json = dict[str, Any]


def document(body: bytes, kind: Kind) -> Json:
    """The export as OTLP/JSON would tell it. Raises BadRequest when it is no export, TooLarge for too many records."""
    try:
        return _Walk().export(body, kind)
    except (IndexError, struct.error, UnicodeDecodeError, ValueError) as error:
        raise BadRequest("The body is not an OTLP export in protobuf.") from error


def answer(rejected: int, message: str) -> bytes:
    """What an export is answered with: nothing at all when every record was taken."""
    if not rejected:
        return b""
    return _field(1, b"\x08" + _varint(rejected) + _field(2, message.encode()))


def status(code: int, message: str) -> bytes:
    """A `google.rpc.Status`."""
    return b"\x08" + _varint(code) + _field(2, message.encode())


class _Walk:
    """One pass over a message; it counts records, so that none is made of too many."""

    def __init__(self) -> None:
        self._records = 0

    def export(self, body: bytes, kind: Kind) -> Json:
        if kind == "logs":
            names, build = ("resourceLogs", "scopeLogs", "logRecords"), _log
        elif kind == "traces":
            names, build = ("resourceSpans", "scopeSpans", "spans"), _span
        else:
            names, build = ("resourceMetrics", "scopeMetrics", "metrics"), _nothing
        return {names[0]: [self._resource(part, names, build) for part in _parts(body, 1)]}

    def _resource(self, raw: bytes, names: tuple[str, str, str], build: Any) -> Json:
        resource: list[Json] = [_attributed(part, 1) for part in _parts(raw, 1)]
        scopes = [self._scope(part, names, build) for part in _parts(raw, 2)]
        return {"resource": resource[-1] if resource else {}, names[1]: scopes}

    def _scope(self, raw: bytes, names: tuple[str, str, str], build: Any) -> Json:
        name = ""
        for scope in _parts(raw, 1):
            name = next((part.decode() for part in _parts(scope, 1)), "")
        records: list[Any] = []
        for part in _parts(raw, 2):
            self._records += 1
            if self._records > RECORDS_MAX:
                raise TooLarge(f"The export holds more than {RECORDS_MAX} records.")
            records.append(build(part))
        return {"scope": {"name": name}, names[2]: records}


def _nothing(_raw: bytes) -> None:
    """A metric: it is counted."""


def _log(raw: bytes) -> Json:
    known = {number: value for number, value in _fields(raw) if isinstance(value, int)}
    return {"timeUnixNano": known.get(1, 0), "observedTimeUnixNano": known.get(11, 0), **_attributed(raw, 6)}


def _span(raw: bytes) -> Json:
    known = dict(_fields(raw))
    numbers = {number: value for number, value in known.items() if isinstance(value, int)}
    texts = {number: value for number, value in known.items() if isinstance(value, bytes)}
    code = next((value for number, value in _fields(texts.get(15, b"")) if number == 3), 0)  # noqa: PLR2004  # its number
    return {
        "name": texts.get(5, b"").decode(), "traceId": texts.get(1, b"").hex(), "spanId": texts.get(2, b"").hex(),
        "startTimeUnixNano": numbers.get(7, 0), "endTimeUnixNano": numbers.get(8, 0),
        "status": {"code": code}, **_attributed(raw, 9),
    }  # fmt: skip


def _attributed(raw: bytes, number: int) -> Json:
    attributes: list[Json] = []
    for pair in _parts(raw, number):
        key, value = b"", b""
        for part, content in _fields(pair):
            if isinstance(content, bytes):
                key, value = (content, value) if part == 1 else (key, content if part == 2 else value)  # noqa: PLR2004
        plain = _plain(value)
        if plain is not None:
            attributes.append({"key": key.decode(), "value": plain})
    return {"attributes": attributes}


def _plain(raw: bytes) -> Json | None:
    """A value that is a text, a yes or no, or a number; None for lists, maps and bytes."""
    found: Json | None = None
    for number, value in _fields(raw):
        if number == 1 and isinstance(value, bytes):
            found = {"stringValue": value.decode()}
        elif number == 2 and isinstance(value, int):  # noqa: PLR2004  # the protocol's numbers
            found = {"boolValue": bool(value)}
        elif number == 3 and isinstance(value, int):  # noqa: PLR2004
            found = {"intValue": value - (1 << 64) if value >> 63 else value}
        elif number == 4 and isinstance(value, int):  # noqa: PLR2004
            found = {"doubleValue": struct.unpack("<d", struct.pack("<Q", value))[0]}
        else:
            found = None
    return found


def _parts(raw: bytes, number: int) -> Iterator[bytes]:
    """The messages or texts in a field."""
    return (value for found, value in _fields(raw) if found == number and isinstance(value, bytes))


def _fields(raw: bytes) -> Iterator[tuple[int, _Field]]:
    """Every field of a message: its number, and a number or bytes."""
    at, end = 0, len(raw)
    while at < end:
        tag, at = _read_varint(raw, at)
        kind, value = tag & 7, 0
        if kind == _VARINT:
            value, at = _read_varint(raw, at)
        elif kind == _FIXED64:
            value, at = struct.unpack_from("<Q", raw, at)[0], at + 8
        elif kind == _FIXED32:
            value, at = struct.unpack_from("<I", raw, at)[0], at + 4
        elif kind == _BYTES:
            size, at = _read_varint(raw, at)
            if size > end - at:
                raise ValueError("a field is longer than its message")
            value, at = raw[at : at + size], at + size
        else:
            raise ValueError("a field is of no known type")
        yield tag >> 3, value


def _read_varint(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    for position in range(_VARINT_BYTES_MAX):
        part = raw[at + position]
        value |= (part & 0x7F) << (7 * position)
        if part < 0x80:  # noqa: PLR2004  # the eighth bit says that more come
            return value, at + position + 1
    raise ValueError("a number does not end")


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | _BYTES]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:  # noqa: PLR2004
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*parts, number))
