"""What the relay keeps of an OTLP export: rows by the same allow-list as the server's own receiver, in the spool.

An agent's telemetry names neither who works nor where. Its hooks have seen both (`client/session_place.py`), so what
the export leaves open is filled in from there before the row leaves this machine.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tallyward import clock
from tallyward.capture import _otlp_protobuf
from tallyward.capture._otlp import UNKNOWN_ENGINEER, Kind, OtlpSource, Told, read, rows
from tallyward.capture.claude_otlp import ClaudeOtlp
from tallyward.capture.codex_otlp import CodexOtlp
from tallyward.capture.genai_otlp import GenAiOtlp
from tallyward.client import home, quick_json, session_place, spool
from tallyward.errors import BadRequest, Busy, TooLarge

SOURCES: tuple[OtlpSource, ...] = (ClaudeOtlp(), CodexOtlp(), GenAiOtlp())
KINDS: dict[str, Kind] = {"/v1/logs": "logs", "/v1/metrics": "metrics", "/v1/traces": "traces"}
PROTOBUF, JSON = "application/x-protobuf", "application/json"
OBJECTS_MAX = 2_000_000  # a real export of 64 MiB holds so many; an evil one ten times as many
BLOCK_BYTES = 1024 * 1024  # written to the spool at once
_PROBLEMS_TOLD_MAX = 3
_REJECTED: dict[Kind, str] = {"logs": "rejectedLogRecords", "traces": "rejectedSpans", "metrics": "rejectedDataPoints"}


@dataclass
class Kept:
    """What became of an export's records."""

    records: int = 0
    rows: int = 0
    rejected: list[str] = field(default_factory=list[str])

    def answer(self, kind: Kind, media: str) -> bytes:
        """The protocol's own answer, in the type that was sent."""
        told = "; ".join(self.rejected[:_PROBLEMS_TOLD_MAX])
        if media == PROTOBUF:
            return _otlp_protobuf.answer(len(self.rejected), told)
        if not self.rejected:
            return b"{}"
        partly = {_REJECTED[kind]: str(len(self.rejected)), "errorMessage": told}
        return json.dumps({"partialSuccess": partly}).encode()


def keep(root: str, environ: Mapping[str, str], body: bytes, media: str, kind: Kind) -> Kept:
    """Strip an export and put its rows into the spool; back only when they are on the disk.

    Raises BadRequest or TooLarge for what is no export, and Busy when the rows could not be kept.
    """
    now = clock.iso(clock.now())
    batch = read(_document(body, media, kind), kind, SOURCES) if body else None
    if batch is None:
        return Kept()
    config = home.read_config(root, environ)
    placing = _Placing(root, environ.get("GITHUB_USER") or config.engineer_id)
    lines: list[str] = []
    for told in rows(batch, SOURCES, now):
        placing.fill(told)
        lines.append(quick_json.dumps({"to": told.to, "row": told.row}) + "\n")
    _spool(root, lines)
    return Kept(batch.records, len(lines), batch.rejected)


def _document(body: bytes, media: str, kind: Kind) -> object:
    if media == PROTOBUF:
        return _otlp_protobuf.document(body, kind)
    if body.count(b"{") > OBJECTS_MAX:
        raise TooLarge(f"The export holds more than {OBJECTS_MAX} objects.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not JSON.") from error  # what the parser says may repeat what was sent


def _spool(root: str, lines: list[str]) -> None:
    block = bytearray()
    for line in lines:
        block += line.encode()
        if len(block) >= BLOCK_BYTES:
            _append(root, bytes(block))
            block.clear()
    if block:
        _append(root, bytes(block))


def _append(root: str, block: bytes) -> None:
    if spool.append(root, block) is not None:
        raise Busy("The spool on this machine takes nothing now; `tally status` says why.")


class _Placing:
    """Fills in who and where, session by session."""

    def __init__(self, root: str, engineer_id: str | None) -> None:
        self._root = root
        self._engineer_id = engineer_id
        self._known: dict[str, dict[str, object]] = {}

    def fill(self, told: Told) -> None:
        row: dict[str, Any] = told.row
        session = row.get("session_id")
        place = self._place(session) if isinstance(session, str) else {}
        if row["engineer_id"] == UNKNOWN_ENGINEER:
            row["engineer_id"] = place.get("engineer_id") or self._engineer_id or UNKNOWN_ENGINEER
        for name in ("repo", "branch"):
            row[name] = row[name] or place.get(name)

    def _place(self, session: str) -> dict[str, object]:
        if session not in self._known:
            self._known[session] = session_place.load(self._root, session)
        return self._known[session]
