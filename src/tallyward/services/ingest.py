"""Takes rows in: decodes and checks a body, stores what is right, and names what is wrong by its index and field.

The parser is strict on purpose. Two programs that read the same bytes must not see two different rows, so a key that
stands twice, NaN, a lone surrogate and a NUL character are refused, as is every field that is not on the list.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, Generic, TypeVar

import msgspec

from tallyward import clock, ids
from tallyward.domain.access import Principal
from tallyward.domain.canary import canary_tenant
from tallyward.domain.fire import EARLIEST, LATEST, ONCE, Fetch, FetchIn, Fire, FireIn, from_report, from_sighting
from tallyward.domain.usage import UsageIn
from tallyward.errors import BadRequest, Invalid, Refused, TooLarge
from tallyward.ledger.rows import Stored
from tallyward.ledger.writer import Kept, Writer

ROWS_MAX = 10_000  # in one body; a spool of a day offline fits
NDJSON_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
_ECHO_CHARS_MAX = 300  # of what was sent, in the answer: enough to find it by
_PATH = re.compile(r" - at `\$(?:\[\d*\.*\])*\.?(?P<field>[^`]*)`$")
_UNKNOWN_FIELD = re.compile(r"unknown field `(?P<field>[^`]*)`|required field `(?P<required>[^`]*)`")

RowIn = TypeVar("RowIn", FireIn, FetchIn, UsageIn)


@dataclass(frozen=True)
class Body(Generic[RowIn]):
    """A decoded body. `rows` has None where a row was refused; `single` says that it was one object, not a list."""

    rows: list[RowIn | None]
    single: bool
    refusals: list[Refused] = field(default_factory=list[Refused])


@dataclass(frozen=True)
class Answer:
    """Ids in the order of the rows, None for refused ones, and the refusals; how many rows were new, how many known."""

    ids: list[int | None]
    single: bool
    refusals: list[Refused]
    added: int = 0
    known: int = 0


class RowDecoder(Generic[RowIn]):
    """Decodes bodies of one row type, in any of the three forms."""

    def __init__(self, row_type: type[RowIn]) -> None:
        self._one: msgspec.json.Decoder[RowIn] = msgspec.json.Decoder(row_type)
        self._raw_rows = msgspec.json.Decoder(list[msgspec.Raw])
        self._many: msgspec.json.Decoder[list[RowIn]] = msgspec.json.Decoder(list[row_type])
        self._keys = msgspec.json.Decoder(dict[str, msgspec.Raw])
        self._many_keys = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
        self.refused = 0  # rows since the start that were not as they must be

    def decode(self, body: bytes, content_type: str, *, partial: bool) -> Body[RowIn]:
        """The rows of a body.

        Without `partial` the first bad row refuses the body; with it, bad rows are left out and listed. Raises
        BadRequest when the body as a whole cannot be read, Invalid for a bad row, TooLarge for too many rows.
        """
        text = body.strip()
        if not text:
            raise BadRequest("The body is empty.")
        if content_type not in NDJSON_TYPES:
            if text.startswith(b"["):
                return self._decode_array(text, partial=partial)
            if b"\n" not in text or _is_one_value(text):
                return Body([self._decode_row(text)], single=True)
        return self._decode_rows([line for line in text.splitlines() if line.strip()], partial=partial)

    def _decode_array(self, text: bytes, *, partial: bool) -> Body[RowIn]:
        if _has_no_hiding_place(text):  # the common case, in two passes over the whole body
            try:
                rows = self._many.decode(text)
                plain = text.count(b'":') == sum(map(len, self._many_keys.decode(text)))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                plain, rows = False, []  # told apart row by row below, to name the one
            if plain and all(_is_readable_moment(row) for row in rows):
                _require_row_count(len(rows))
                return Body(list(rows), single=False)
        try:
            raw_rows = self._raw_rows.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadRequest(_sentence(error)) from error
        return self._decode_rows([bytes(raw) for raw in raw_rows], partial=partial)

    def _decode_rows(self, lines: Sequence[bytes], *, partial: bool) -> Body[RowIn]:
        _require_row_count(len(lines))
        rows: list[RowIn | None] = []
        refusals: list[Refused] = []
        for index, line in enumerate(lines):
            try:
                rows.append(self._decode_row(line))
            except Refused as error:
                error.index = index
                if not partial:
                    raise
                rows.append(None)
                refusals.append(error)
        return Body(rows, single=False, refusals=refusals)

    def _decode_row(self, text: bytes) -> RowIn:
        try:
            return self._checked_row(text)
        except Refused:
            self.refused += 1
            raise

    def _checked_row(self, text: bytes) -> RowIn:
        try:
            row = self._one.decode(text)
        except msgspec.ValidationError as error:
            raise _invalid(error) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadRequest(_sentence(error)) from error
        if not self._is_plain(text):
            _refuse_twin_keys(text)
            _refuse_nul(row)
        if not _is_readable_moment(row):
            raise Invalid("ts is not a moment of the years 1970 to 9998 (field ts).", field="ts")
        return row

    def _is_plain(self, text: bytes) -> bool:
        """Whether no key can stand twice: a few counts that spare nearly every row a slow second parse.

        Without an escape, a quote and a colon side by side end a key, or begin a text with a colon. When there are as
        many of them as there are different keys, none stands twice, unless space stands between quote and colon: rows
        that hold a quote and space are parsed again.
        """
        return _has_no_hiding_place(text) and text.count(b'":') == len(self._keys.decode(text))


class Ingest:
    """Stores decoded rows for a principal."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._fires = RowDecoder(FireIn)
        self._fetches = RowDecoder(FetchIn)

    @property
    def refused(self) -> dict[type, int]:
        """Rows since the start that were not as they must be, by what they should have become."""
        return {Fire: self._fires.refused, Fetch: self._fetches.refused}

    async def trace(self, principal: Principal, body: bytes, content_type: str, *, partial: bool) -> Answer:
        """Stores fires, and answers after the commit that holds them."""
        received_at = clock.now()
        return await self._store(
            principal,
            self._fires.decode(body, content_type, partial=partial),
            lambda row: from_sighting(row, received_at, f"{ONCE}{ids.random_hex()}", principal.engineer_id),
        )

    async def context_fetches(self, principal: Principal, body: bytes, content_type: str, *, partial: bool) -> Answer:
        """Stores file reads, and answers after the commit that holds them."""
        received_at = clock.now()
        return await self._store(
            principal,
            self._fetches.decode(body, content_type, partial=partial),
            lambda row: from_report(row, received_at, f"{ONCE}{ids.random_hex()}"),
        )

    async def _store(self, principal: Principal, body: Body[RowIn], build: Callable[[RowIn], Stored]) -> Answer:
        good = [build(row) for row in body.rows if row is not None]
        if not good:
            return Answer([None] * len(body.rows), single=body.single, refusals=body.refusals)
        kept = await self._keep(principal.tenant, good)
        stored = iter(kept.numbers)
        answer = [None if row is None else next(stored) for row in body.rows]
        return Answer(answer, body.single, body.refusals, kept.added, len(good) - kept.added)

    async def _keep(self, tenant: str, rows: list[Stored]) -> Kept:
        """Every row in its place. Canaries go where nobody counts them, and first: sent again, they change nothing."""
        canary = [isinstance(row, Fire) and ids.is_canary(row.session_id) for row in rows]
        if not any(canary):
            return await self._writer.keep(tenant, rows)
        real = [row for row, is_made_up in zip(rows, canary, strict=True) if not is_made_up]
        aside = await self._writer.keep(canary_tenant(tenant), list(compress(rows, canary)))
        others = await self._writer.keep(tenant, real)
        made_up, counted = iter(aside.numbers), iter(others.numbers)
        numbers = [next(made_up if is_made_up else counted) for is_made_up in canary]
        return Kept(numbers, aside.added + others.added)


def _has_no_hiding_place(text: bytes) -> bool:
    """Whether no escape, and no space between a quote and what follows it, can hide a key from a count."""
    return not (b"\\" in text or b'" ' in text or b'"\t' in text or b'"\n' in text or b'"\r' in text)


def _is_readable_moment(row: FireIn | FetchIn | UsageIn) -> bool:
    return row.ts is None or EARLIEST <= row.ts < LATEST


def _is_one_value(text: bytes) -> bool:
    """Whether the text is one JSON value over several lines, not one value a line."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        return "trailing characters" not in str(error)
    except (UnicodeDecodeError, RecursionError):
        return True  # it is no value at all, which its decoding says better
    return True


def _require_row_count(count: int) -> None:
    if count > ROWS_MAX:
        raise TooLarge(f"The body holds {count} rows; at most {ROWS_MAX} may come at once.")


def _sentence(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "The JSON is nested too deeply."
    if isinstance(error, UnicodeDecodeError):
        return "The body is not UTF-8."
    return f"{error}."


def _invalid(error: msgspec.ValidationError) -> Invalid:
    text = str(error)
    named = _UNKNOWN_FIELD.search(text)
    path = _PATH.search(text)
    name = (named["field"] or named["required"]) if named else (path["field"] if path else None)
    name = name[:_ECHO_CHARS_MAX] if name else None
    sentence = _PATH.sub("", text)[:_ECHO_CHARS_MAX]
    return Invalid(f"{sentence} (field {name})." if name and not named else f"{sentence}.", field=name)


def _refuse_twin_keys(text: bytes) -> None:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for key, value in items:
            if key in seen:
                raise BadRequest("A key stands twice in one object.", field=key[:_ECHO_CHARS_MAX])
            seen[key] = value
        return seen

    json.loads(text, object_pairs_hook=pairs)


def _refuse_nul(row: msgspec.Struct) -> None:
    for name in row.__struct_fields__:
        value = getattr(row, name)
        if isinstance(value, str) and "\0" in value:
            raise Invalid(f"{name} holds a NUL character, which PostgreSQL cannot store.", field=name)
