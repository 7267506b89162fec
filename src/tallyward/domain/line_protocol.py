"""InfluxDB's line protocol, read: bytes in, points and refusals out. It knows the syntax and no rule of ours.

    measurement,tag=value,tag=value field=1i,other="text" 1707123600000000000

A backslash escapes a comma, a space and, in tags and names of fields, an equals sign; before anything else it stands
for itself. So a name that ends in a backslash cannot be written. Within a text it escapes a quote and itself. A line
break ends a line, except within a text, as influxd reads it; VictoriaMetrics ends it there, too.

A quote that is never closed would take all lines after it along. Here it costs the one line in which it was opened:
whatever cannot be read is refused as one line, and reading goes on with the next.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite

Value = int | float | bool | str
LINES_OF_A_TEXT_MAX = 64  # a text with more line breaks is a quote that was not closed
TEXT_BYTES_MAX = 64 * 1024  # what InfluxDB takes for one text
LINE_BYTES_MAX = 4 * TEXT_BYTES_MAX  # nothing else runs while a line is matched, so none may be as long as a body
INT64, UINT64 = 2**63, 2**64
DIGITS_MAX = 64  # of an integer, leading zeros included; Python itself reads no number of thousands of digits
SECOND = 1_000_000_000
PRECISIONS = {
    "ns": 1, "n": 1, "us": 1_000, "u": 1_000, "µ": 1_000, "ms": 1_000_000,
    "s": SECOND, "m": 60 * SECOND, "h": 3_600 * SECOND,
}  # fmt: skip

_MEASUREMENT = re.compile(r"(?:[^\\, \n]++|\\[, ]|\\(?![, ]))++")
_TAG = re.compile(r",((?:[^\\,= \n]++|\\[,= ]|\\(?![,= ]))++)=((?:[^\\,= \n]++|\\[,= ]|\\(?![,= ]))++)(?=[, ]|\Z)")
_FIELD = re.compile(
    r"((?:[^\\,= \n]++|\\[,= ]|\\(?![,= ]))++)="
    r"(?:(-?\d++i)|(\d++u)|(-?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?)"
    r'|"((?:[^"\\]++|\\.)*+)"|([tT]|[fF]|true|True|TRUE|false|False|FALSE))(?=[, ]|\Z)',
    re.DOTALL | re.ASCII,
)
_INTEGER, _UNSIGNED, _FLOAT, _BOOLEAN = 2, 3, 4, 6  # which group of _FIELD has the value; 5 is a text
_SURELY_WITHIN = 19  # characters of an integer with its `i` that is not too large for 64 bits
_MOMENT = re.compile(r" *(-?\d++)? *\Z", re.ASCII)
_ESCAPED = re.compile(r"\\([,= ])")
_ESCAPED_MEASUREMENT = re.compile(r"\\([, ])")
_ESCAPED_TEXT = re.compile(r'\\(["\\])')
_OPEN_TEXT = re.compile(r'="(?:[^"\\]++|\\.)*+$', re.DOTALL)
_CLOSED_TEXT = re.compile(r'="(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NAME = re.compile(r"[^,= ]*")
_LOOSE_NAME = re.compile(r"(?:[^\\,= ]++|\\.|\\\Z)*+", re.DOTALL)


class UnsignedInt(int):
    """An integer that was written with `u`: InfluxDB tells it apart from one with `i`."""


@dataclass(frozen=True)
class Point:
    """One point. `ns` is its moment in nanoseconds since 1970, None where the line says none."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, Value]
    ns: int | None = None


@dataclass(frozen=True)
class BadLine:
    """A line that was refused: its number in the body, from 1, and why. It repeats nothing but names."""

    line: int
    reason: str


class Unreadable(ValueError):
    """A line is no line protocol; the text says why."""


@dataclass(frozen=True)
class Read:
    """What a body holds: points with the numbers of their lines, and the lines that were refused."""

    points: list[tuple[int, Point]] = field(default_factory=list[tuple[int, Point]])
    refused: list[BadLine] = field(default_factory=list[BadLine])


def parse(body: bytes, precision: str = "ns") -> Read:
    """Every point of a body. Moments are in `precision`, one of PRECISIONS."""
    read = Read()
    unit = PRECISIONS[precision]
    for number, lines in _records(body):
        if len(lines) > LINE_BYTES_MAX:
            read.refused.append(BadLine(number, f"it is longer than {LINE_BYTES_MAX} bytes"))
            continue
        try:
            read.points.append((number, parse_line(lines.decode(), unit)))
        except UnicodeDecodeError:
            read.refused.append(BadLine(number, "it is not UTF-8"))
        except Unreadable as error:
            read.refused.append(BadLine(number, str(error)))
    return read


def _records(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines that hold something, with their numbers. One with an open text takes those along that close it."""
    lines = body.split(b"\n")
    at = 0
    while at < len(lines):
        line, number = lines[at], at + 1
        at += 1
        if b'"' in line and (more := _lines_to_the_quote(lines, number - 1)):
            whole = b"\n".join(lines[number - 1 : at + more])
            if _is_readable(whole):
                line, at = whole, at + more
        line = line.strip(b" \r")
        if line and not line.startswith(b"#"):
            yield number, line


def _lines_to_the_quote(lines: list[bytes], first: int) -> int:
    """How many lines more belong to a text that is open at the end of this one; 0 where none is, or it stays open."""
    whole = lines[first]
    if whole.count(b'"') % 2 == 0 and b"\\" not in whole:
        return 0
    for more in range(min(LINES_OF_A_TEXT_MAX, len(lines) - first)):
        if len(whole) > LINE_BYTES_MAX:
            return 0
        if _OPEN_TEXT.search(_without_texts(whole.decode("latin-1"))) is None:
            return more
        if first + more + 1 < len(lines):
            whole += b"\n" + lines[first + more + 1]
    return 0


def _without_texts(line: str) -> str:
    """The line with every closed text taken out, so that a quote left over is an open one."""
    return _CLOSED_TEXT.sub("=0", line)


def _is_readable(record: bytes) -> bool:
    try:
        parse_line(record.strip(b" \r").decode(), 1)
    except (Unreadable, UnicodeDecodeError):
        return False
    return True


def parse_line(line: str, unit: int = 1) -> Point:
    """The point of one line that is neither empty nor a comment. Raises Unreadable."""
    found = _MEASUREMENT.match(line)
    if found is None:
        raise Unreadable("missing measurement")
    measurement = found[0]
    if "\\" in measurement:
        measurement = _ESCAPED_MEASUREMENT.sub(r"\1", measurement)
    tags, at = _tags(line, found.end())
    while line.startswith(" ", at):
        at += 1
    fields, at = _fields(line, at)
    return Point(measurement, tags, fields, _moment(line, at, unit))


def _tags(line: str, at: int) -> tuple[dict[str, str], int]:
    tags: dict[str, str] = {}
    while line.startswith(",", at):
        found = _TAG.match(line, at)
        if found is None:
            raise Unreadable(_wrong_tag(line, at + 1))
        name, value = found.groups()
        if "\\" in found[0]:
            name, value = _ESCAPED.sub(r"\1", name), _ESCAPED.sub(r"\1", value)
        if name in tags:
            raise Unreadable(f"duplicate tags: {_clipped(name)}")
        tags[name] = value
        at = found.end()
    return tags, at


def _fields(line: str, at: int) -> tuple[dict[str, Value], int]:
    """Of a field that stands twice the last value is taken, as InfluxDB takes it, if it is of the same kind."""
    fields: dict[str, Value] = {}
    match = _FIELD.match
    while True:
        found = match(line, at)
        if found is None:
            raise Unreadable(_wrong_field(line, at))
        name, kind = found[1], found.lastindex
        if "\\" in name:
            name = _ESCAPED.sub(r"\1", name)
        written = found[kind or 0]
        if kind == _INTEGER:
            value = int(written[:-1]) if len(written) < _SURELY_WITHIN else _within(written[:-1], -INT64, INT64, name)
        elif kind == _BOOLEAN:
            value = written[0] in "tT"
        else:
            value = _other(kind, written, name)
        if name in fields and type(fields[name]) is not type(value):
            raise Unreadable(f'field type conflict: field "{_clipped(name)}" stands twice with two types')
        fields[name] = value
        at = found.end()
        if not line.startswith(",", at):
            return fields, at
        at += 1


def _other(kind: int | None, written: str, name: str) -> Value:
    """A value that is neither an integer nor a boolean."""
    if kind == _FLOAT:
        number = float(written)
        if not isfinite(number):
            raise Unreadable(f'invalid float: field "{_clipped(name)}" is out of range')
        return number
    if kind == _UNSIGNED:
        return UnsignedInt(_within(written[:-1], 0, UINT64, name))
    if len(written) > TEXT_BYTES_MAX or len(written.encode()) > TEXT_BYTES_MAX:
        raise Unreadable(f'field "{_clipped(name)}" is longer than {TEXT_BYTES_MAX} bytes')
    return _ESCAPED_TEXT.sub(r"\1", written) if "\\" in written else written


def _within(written: str, low: int, high: int, name: str) -> int:
    if len(written) > DIGITS_MAX or not low <= int(written) < high:
        raise Unreadable(f'unable to parse integer: field "{_clipped(name)}" is out of range')
    return int(written)


def _moment(line: str, at: int, unit: int) -> int | None:
    if at < len(line) and not line.startswith(" ", at):
        raise Unreadable("invalid field format")
    found = _MOMENT.match(line, at)
    if found is None:
        raise Unreadable("bad timestamp")
    if found[1] is None:
        return None
    if len(found[1]) > len(str(-INT64)):
        raise Unreadable("time outside range: it does not fit 64 bits")
    ns = int(found[1]) * unit
    if not -INT64 + 1 < ns < INT64 - 1:  # the two ends mean something else to InfluxDB
        raise Unreadable("time outside range: in nanoseconds it does not fit 64 bits; is the precision right?")
    return ns


def _wrong_tag(line: str, at: int) -> str:
    """Why no tag begins here."""
    name, value, _ = _parts(line, at)
    if not name:
        return "missing tag key"
    return "missing tag value" if value in (None, "") else f"invalid tag format: tag {_clipped(name)}"


def _wrong_field(line: str, at: int) -> str:
    """Why no field begins here."""
    if not line[at:].strip():
        return "missing fields" if not line.startswith(",", at - 1) else "invalid field format"
    name, value, rest = _parts(line, at)
    if not name or value is None:
        return "missing field key" if not name else "invalid field format"
    return _wrong_value(name, value, rest)


def _wrong_value(name: str, value: str, rest: str) -> str:
    if value == "":
        return f'missing field value: field "{_clipped(name)}"'
    if rest.startswith('"'):
        return f'unbalanced quotes: field "{_clipped(name)}"'
    if value[0].isdigit() or value[0] in "-.nN":
        return f'invalid number: field "{_clipped(name)}"'
    return f'invalid boolean: field "{_clipped(name)}"'


def _parts(line: str, at: int) -> tuple[str, str | None, str]:
    """Name and value where neither is quite right, and all from the value on. The value is None without an equals."""
    name = _LOOSE_NAME.match(line, at)
    end = name.end() if name else at
    if not line.startswith("=", end):
        return line[at:end], None, ""
    value = _NAME.match(line, end + 1)
    return line[at:end], value[0] if value else "", line[end + 1 :]


def _clipped(name: str) -> str:
    """A name as it may stand in an answer."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:60])
