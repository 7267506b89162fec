"""Takes OTLP exports in: what a program's own telemetry says of fires and metered requests, stored; the rest forgotten.

An exporter sends an export again when it hears nothing, so every row has a key that a retry repeats. A record that is
not to be read is rejected alone and never asked for again; one that tells of nothing we keep is counted and left.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Literal

import msgspec

from tallyward import clock
from tallyward.capture._otlp import Batch, Kind, OtlpSource, Told, read, rows
from tallyward.capture.claude_otlp import ClaudeOtlp
from tallyward.capture.codex_otlp import CodexOtlp
from tallyward.capture.genai_otlp import GenAiOtlp
from tallyward.domain.access import Principal
from tallyward.domain.fire import FireIn, from_sighting
from tallyward.domain.usage import UsageIn
from tallyward.domain.usage import from_report as request_of
from tallyward.errors import BadRequest, TooLarge
from tallyward.ledger.rows import Stored  # noqa: TC001  # a local annotation, as everywhere
from tallyward.ledger.writer import Writer
from tallyward.services import otlp_protobuf

Encoding = Literal["json", "protobuf"]
SOURCES: tuple[OtlpSource, ...] = (ClaudeOtlp(), CodexOtlp(), GenAiOtlp())
ROWS_AT_ONCE = 2_000  # handed to the writer, which takes many senders' rows in turn
IN_PLACE_BYTES_MAX = 65_536  # a larger body is read beside the event loop, so that no hook waits for it
OBJECTS_MAX = 4_000_000  # in one body of JSON; a real one of 64 MiB holds half of that, an evil one ten times as many
_PROBLEMS_TOLD_MAX = 3


@dataclass(frozen=True)
class Read:
    """The rows of one export, with what became of its records: told of by rows, ignored, or rejected."""

    fires: list[FireIn] = field(default_factory=list[FireIn])
    usages: list[UsageIn] = field(default_factory=list[UsageIn])
    records: int = 0
    ignored: int = 0
    rejected: list[str] = field(default_factory=list[str])

    @property
    def message(self) -> str:
        """Why records were rejected, without a word of what they hold."""
        told = "; ".join(self.rejected[:_PROBLEMS_TOLD_MAX])
        more = len(self.rejected) - _PROBLEMS_TOLD_MAX
        return f"{told}; and {more} more" if more > 0 else told


def decode(body: bytes, encoding: Encoding, kind: Kind, now: str) -> Read:
    """The rows of an export. Raises BadRequest when the body as a whole cannot be read."""
    if not body:
        return Read()
    return told(read(_document(body, encoding, kind), kind, SOURCES), now)


def _document(body: bytes, encoding: Encoding, kind: Kind) -> object:
    if encoding == "protobuf":
        return otlp_protobuf.document(body, kind)
    if body.count(b"{") > OBJECTS_MAX:
        raise TooLarge(f"The export holds more than {OBJECTS_MAX} objects.")
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("The body is not JSON.") from error  # what the parser says may repeat what was sent


def told(batch: Batch, now: str) -> Read:
    """The rows of the records of a batch, each of the shape that its call takes."""
    out = Read(records=batch.records, rejected=list(batch.rejected))
    used: set[int] = set()
    bad: set[int] = set()
    for row in rows(batch, SOURCES, now):
        used.add(id(row.signal))
        if not _add(out, row) and id(row.signal) not in bad:
            bad.add(id(row.signal))
            out.rejected.append("a record has a value that is out of range")
    return replace(out, ignored=batch.records - len(batch.rejected) - len(used))


def _add(out: Read, row: Told) -> bool:
    try:
        if row.to == "trace":
            out.fires.append(msgspec.convert(row.row, FireIn))
        else:
            out.usages.append(msgspec.convert(row.row, UsageIn))
    except msgspec.ValidationError:
        return False
    return True


class Exports:
    """Stores what exports tell of."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._large = asyncio.Semaphore(1)  # one at a time: a large body takes many times its size while it is read
        self.counts: Counter[str] = Counter()

    async def take_in(self, principal: Principal, body: bytes, encoding: Encoding, kind: Kind) -> Read:
        """Stores the rows of an export, and answers after the commits that hold them.

        Raises Busy when they could not all be kept; then the export is to be sent again.
        """
        received_at = clock.now()
        now = clock.iso(received_at)
        if len(body) > IN_PLACE_BYTES_MAX:
            async with self._large:
                found = await asyncio.to_thread(decode, body, encoding, kind, now)
        else:
            found = decode(body, encoding, kind, now)
        whose = principal.engineer_id
        fires: list[Stored] = [from_sighting(row, received_at, "", whose) for row in found.fires]
        stored: list[Stored] = [*fires, *(request_of(row, whose) for row in found.usages)]
        for start in range(0, len(stored), ROWS_AT_ONCE):
            await self._writer.store(principal.tenant, stored[start : start + ROWS_AT_ONCE])
        self.counts.update(
            {
                f"{kind}.records": found.records,
                f"{kind}.ignored": found.ignored,
                f"{kind}.rejected": len(found.rejected),
            }
        )
        return found
