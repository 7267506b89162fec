"""InfluxDB's line protocol, written: the opposite of `line_protocol`, which reads every line of ours as what it was.

Not everything can be said in it: a name or tag that ends in a backslash, is empty or holds a line break, NaN, infinity.
"""

from collections.abc import Mapping
from math import isfinite

from tallyward.domain.line_protocol import Point, UnsignedInt, Value


def write(point: Point) -> str:
    """The point as one line, its tags in their order. Raises ValueError for what line protocol cannot say."""
    if not point.fields:
        raise ValueError("a point has at least one field")
    fields = ",".join(f"{_written_name(name, ',= ')}={_written(value)}" for name, value in point.fields.items())
    return f"{head(point.measurement, point.tags)} {fields}" + ("" if point.ns is None else f" {point.ns}")


def head(measurement: str, tags: Mapping[str, str]) -> str:
    """Measurement and tags as a line begins with them: the name of a series. Raises ValueError as `write` does."""
    if measurement.startswith("#"):
        raise ValueError("a line that begins with # is a comment")
    begin = _written_name(measurement, ", ")
    return begin + "".join(
        f",{_written_name(name, ',= ')}={_written_name(value, ',= ')}" for name, value in sorted(tags.items())
    )


def _written_name(name: str, special: str) -> str:
    if not name or name.endswith("\\") or "\n" in name or "\r" in name:
        raise ValueError("a name or tag is empty, ends in a backslash or holds a line break")
    if name.isalnum():
        return name
    for letter in special:
        if letter in name:
            name = name.replace(letter, f"\\{letter}")
    return name


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{int(value)}u" if isinstance(value, UnsignedInt) else f"{value}i"
    if isinstance(value, float):
        if not isfinite(value):
            raise ValueError("line protocol has no word for NaN and infinity")
        return repr(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
