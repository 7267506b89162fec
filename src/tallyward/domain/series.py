"""What is kept of a training series: which measurements, which tags and fields of them, and of what kind each is.

Built by allow-list. A line of another measurement, or with another tag or field, is refused by its name; nothing is
kept that nobody has named here or in `tenant.toml`. Numbers, booleans and words are facts. `reason` and `detail` are
the short words in which an orchestrator says why: they are cut to 200 characters, made printable, and rid of whatever
looks like a secret.

A field has one kind for good, as in InfluxDB. There the first point decides it, here the list does, so that it is the
same on every server.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast, get_args

from msgspec import Struct, field

from tallyward.domain.line_protocol import Point, UnsignedInt, Value
from tallyward.domain.line_writing import head
from tallyward.redact import redact

FieldKind = Literal["integer", "unsigned", "float", "boolean", "word", "text"]
TEXT_CHARS_MAX, TAG_CHARS_MAX, WORD_CHARS_MAX = 200, 200, 64
AHEAD_MAX = timedelta(hours=1)  # by how much the clock of whoever reports may be ahead of ours
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # what is older was sent in another precision than it was said to be in
PR_MAX = 2**31 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]*", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)
_PR = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_TYPES: Mapping[FieldKind, type[Value]] = {
    "integer": int, "unsigned": UnsignedInt, "float": float, "boolean": bool, "word": str, "text": str,
}  # fmt: skip
_PLAIN = ("integer", "boolean", "float")  # kinds whose values are kept as they are
# What InfluxDB calls the kinds.
_THEIR_WORDS = {"word": "string", "text": "string"}


class Inadmissible(ValueError):
    """A point is not one that is kept; the text says why and repeats nothing but names."""


class MeasurementConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """A measurement that is kept: its tags, those of them that must be there, and the kind of each field."""

    tags: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    fields: dict[str, FieldKind] = field(default_factory=dict[str, FieldKind])


class SeriesConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """`measurements`: what a tenant keeps beside the three that everybody keeps, or more fields of these."""

    measurements: dict[str, MeasurementConfig] = field(default_factory=dict[str, MeasurementConfig])

    def problems(self) -> list[str]:
        found: list[str] = []
        for name, measurement in self.measurements.items():
            names = (name, *measurement.tags, *measurement.fields)
            bad = [each for each in names if not _NAME.fullmatch(each) or each == "time"]
            if bad:
                found.append(f"series.measurements.{name}: {bad[0]!r} is no name (letters, digits and _; not time)")
            if not set(measurement.required) <= set(measurement.tags):
                found.append(f"series.measurements.{name}.required names what is not among its tags")
            if not measurement.fields and name not in MEASUREMENTS:
                found.append(f"series.measurements.{name}.fields names no field")
            known = MEASUREMENTS[name].fields if name in MEASUREMENTS else {}
            if any(known.get(each, kind) != kind for each, kind in measurement.fields.items()):
                found.append(f"series.measurements.{name}.fields gives a known field another kind")
        return found


def _integers(*names: str) -> dict[str, FieldKind]:
    return dict.fromkeys(names, "integer")


OBSERVATION, ACTION, OUTCOME = "pr_observation", "action_taken", "outcome"
MEASUREMENTS: Mapping[str, MeasurementConfig] = {
    OBSERVATION: MeasurementConfig(
        tags=("repo", "pr", "author"),
        required=("repo", "pr"),
        fields={
            "merge_state": "word",
            "mergeable": "boolean",
            "is_draft": "boolean",
            "auto_merge_enabled": "boolean",
            **_integers(
                *("checks_total", "checks_passing", "checks_failing", "reviews_approved", "reviews_changes_requested"),
                *("threads_total", "threads_unresolved", "conflict_attempts", "review_fix_attempts"),
                *("pr_age_hours", "last_push_hours", "last_activity_hours"),
            ),
        },
    ),
    ACTION: MeasurementConfig(
        tags=("repo", "pr"), required=("repo", "pr"), fields={"action": "word", "reason": "text"}
    ),
    OUTCOME: MeasurementConfig(
        tags=("repo", "pr"),
        required=("repo", "pr"),
        fields={"result": "word", "detail": "text", "resolution_hours": "float"},
    ),
}


class Kept(Struct, frozen=True, kw_only=True):
    """A point as it is kept. `series` is its measurement and tags as line protocol writes them: what it is known by,
    together with `ns`.
    """

    measurement: str
    series: str
    repo: str | None
    pr: int | None
    tags: dict[str, str]
    fields: dict[str, Any]
    ns: int


class Schema:
    """The measurements of one tenant."""

    def __init__(self, config: SeriesConfig | None = None) -> None:
        self._measurements = dict(MEASUREMENTS)
        for name, more in (config.measurements if config else {}).items():
            known = self._measurements.get(name, MeasurementConfig())
            self._measurements[name] = MeasurementConfig(
                tags=tuple(dict.fromkeys((*known.tags, *more.tags))),
                required=tuple(dict.fromkeys((*known.required, *more.required))),
                fields={**known.fields, **more.fields},
            )

    def kinds(self, measurement: str) -> Mapping[str, FieldKind]:
        """The kind of each field of a measurement; nothing where it is not kept."""
        found = self._measurements.get(measurement)
        return found.fields if found else {}

    def admit(self, point: Point, now: datetime) -> Kept:
        """The point as it is kept, at `now` where it says no moment. Raises Inadmissible."""
        known = self._measurements.get(point.measurement)
        if known is None:
            raise Inadmissible(f'measurement "{_clipped(point.measurement)}" is not kept here')
        tags = {name: _tag(name, value, known) for name, value in point.tags.items()}
        for name in known.required:
            if name not in tags:
                raise Inadmissible(f'tag "{name}" of measurement "{point.measurement}" is missing')
        fields = {name: _field(name, value, point.measurement, known) for name, value in point.fields.items()}
        ns = nanoseconds(now) if point.ns is None else _moment(point.ns, now)
        try:
            series = head(point.measurement, tags)
        except ValueError as error:
            raise Inadmissible(str(error)) from error
        pr = int(tags["pr"]) if "pr" in tags and _PR.fullmatch(tags["pr"]) else None
        return Kept(
            measurement=point.measurement, series=series, repo=tags.get("repo"), pr=pr, tags=tags, fields=fields, ns=ns
        )


def nanoseconds(moment: datetime) -> int:
    """The moment in nanoseconds since 1970, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000


def merged(points: list[Kept]) -> list[Kept]:
    """The points, each once: of several with one series and moment the fields together, the last value of each."""
    found: dict[tuple[str, int], Kept] = {}
    for point in points:
        key = (point.series, point.ns)
        before = found.get(key)
        if before is not None:
            before.fields.update(point.fields)
        else:
            found[key] = point
    return [found[key] for key in sorted(found)]


def _tag(name: str, value: str, known: MeasurementConfig) -> str:
    if name not in known.tags:
        raise Inadmissible(f'tag "{_clipped(name)}" is not kept here')
    if not value.isprintable() or len(value) > TAG_CHARS_MAX:
        raise Inadmissible(f'tag "{name}" must have at most {TAG_CHARS_MAX} characters that can be printed')
    if name == "pr" and "pr" in known.required and not (_PR.fullmatch(value) and int(value) <= PR_MAX):
        raise Inadmissible('tag "pr" is not the number of a pull request')
    _require_no_secret("tag", name, value)
    return value


def _field(name: str, value: Value, measurement: str, known: MeasurementConfig) -> Value:
    kind = known.fields.get(name)
    if kind is None:
        raise Inadmissible(f'field "{_clipped(name)}" of measurement "{measurement}" is not kept here')
    if type(value) is not _TYPES[kind]:
        raise Inadmissible(
            f'field type conflict: input field "{name}" on measurement "{measurement}" is type {_kind_of(value)},'
            f" already exists as type {_THEIR_WORDS.get(kind, kind)}"
        )
    if kind in _PLAIN:
        return value
    if kind == "text":
        return _text(cast("str", value))
    if kind == "word" and not (len(cast("str", value)) <= WORD_CHARS_MAX and _WORD.fullmatch(cast("str", value))):
        raise Inadmissible(f'field "{name}" must be one word of at most {WORD_CHARS_MAX} letters, digits and _.:/-')
    if kind == "word":
        _require_no_secret("field", name, cast("str", value))
    return int(value) if isinstance(value, UnsignedInt) else value  # the list knows its kind


def _require_no_secret(what: str, name: str, value: str) -> None:
    if redact(value) != value:
        raise Inadmissible(f'{what} "{name}" looks like a token or key')


def _kind_of(value: Value) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, UnsignedInt):
        return "unsigned"
    if isinstance(value, int):
        return "integer"
    return "float" if isinstance(value, float) else "string"


def _text(value: str) -> str:
    """A text that can be printed on one line, without secrets, cut to its limit."""
    line = "".join(letter if letter.isprintable() else " " for letter in redact(value))
    return line[:TEXT_CHARS_MAX].rstrip()


def _moment(ns: int, now: datetime) -> int:
    if ns > nanoseconds(now + AHEAD_MAX):
        raise Inadmissible("the time lies in the future; is the precision right?")
    if ns < nanoseconds(EARLIEST):
        raise Inadmissible(f"the time lies before {EARLIEST.year}; is the precision right?")
    return ns


def _clipped(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name[:60])


KINDS: tuple[FieldKind, ...] = get_args(FieldKind)
