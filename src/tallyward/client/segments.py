"""The laptop's spool, as the sender sees it: a segment to deliver, what is left of it, and what was set aside.

A segment is the spool file, moved away under the lock that every writer takes (`client/spool.py`): nobody can write
into a file that was read already. At most one is taken at a time, so the folder stays within twice the spool's limit.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from tallyward import clock
from tallyward.client import spool

TARGETS = ("trace", "context-fetches", "usage")
SET_ASIDE_BYTES_MAX = 1024 * 1024  # enough to see what is wrong; everything is counted anyway
LOCK_SECONDS_MAX = 2.0
LOSSES = {"overflow": b"o", "disk": b"d", "locked": b"l", "unreadable": b"u"}


@dataclass(frozen=True)
class Line:
    """One line of a segment: the record it holds, or None where it cannot be read."""

    raw: bytes
    target: str = ""
    row: dict[str, Any] | None = None
    hook_ms: int | None = None  # how long the hook took that wrote it, at the first row of an event


@dataclass(frozen=True)
class Waiting:
    """What has not been delivered yet."""

    rows: int
    bytes: int


def folder(root: str) -> Path:
    return Path(root) / "spool"


def pending(root: str) -> list[Path]:
    """Segments that were taken and not delivered, oldest first."""
    return sorted(folder(root).glob("segment-*.ndjson"))


def take(root: str) -> Path | None:
    """Move the spool away for delivery. None if nothing waits, or a writer holds it."""
    path = folder(root) / "fires.ndjson"
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        if os.fstat(fd).st_size == 0 or not spool.lock(fd, clock.elapsed_seconds() + LOCK_SECONDS_MAX):
            return None
        # The wall clock only orders them; the process's number keeps two apart that fall on one moment.
        segment = path.with_name(f"segment-{int(clock.epoch_seconds() * 1000):014d}-{os.getpid()}.ndjson")
        path.replace(segment)
    except OSError:
        return None
    finally:
        os.close(fd)
    return segment


def lines(segment: Path) -> Iterator[Line]:
    """Every line of a segment, the broken ones too."""
    with segment.open("rb") as file:
        for raw in file:
            if raw.strip():
                yield _line(raw)


def _line(raw: bytes) -> Line:
    try:
        value: object = json.loads(raw)
    except (ValueError, RecursionError):
        return Line(raw)
    if not isinstance(value, dict) or not raw.endswith(b"\n"):
        return Line(raw)
    record = cast("dict[str, Any]", value)
    target, row = record.get("to"), record.get("row")
    if target not in TARGETS or not isinstance(row, dict):
        return Line(raw)
    took = record.get("hook_ms")
    hook_ms = took if isinstance(took, int) and not isinstance(took, bool) and took >= 0 else None
    return Line(raw, target, cast("dict[str, Any]", row), hook_ms)


def keep_rest(segment: Path, rest: list[Line]) -> None:
    """Leave only what is still to be delivered; the file itself goes when nothing is."""
    if not rest:
        segment.unlink(missing_ok=True)
        return
    aside = segment.with_suffix(".new")
    with aside.open("wb") as file:
        file.writelines(line.raw for line in rest)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(segment)


def set_aside(root: str, name: str, content: bytes) -> None:
    """Keep a line that cannot be delivered where somebody may look at it."""
    path = folder(root) / name
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(fd).st_size + len(content) <= SET_ASIDE_BYTES_MAX:
            os.write(fd, content.rstrip(b"\n") + b"\n")
    finally:
        os.close(fd)


def waiting(root: str) -> Waiting:
    """How much waits, in the spool and in segments."""
    rows = size = 0
    for path in [*pending(root), folder(root) / "fires.ndjson"]:
        try:
            with path.open("rb") as file:
                rows += sum(1 for raw in file if raw.strip())
                size += file.tell()
        except FileNotFoundError:
            continue  # It was delivered or taken in this moment.
    return Waiting(rows, size)


def anything_waits(root: str) -> bool:
    """The cheap question that the sender asks several times a second."""
    try:
        if (folder(root) / "fires.ndjson").stat().st_size > 0:
            return True
    except OSError:
        pass  # No spool yet, or it was taken just now.
    return bool(pending(root))


def losses(root: str) -> dict[str, int]:
    """What the hooks could not keep, by reason, since this folder exists."""
    return {reason: sum(lost[reason] for lost in losses_by_day(root).values()) for reason in LOSSES}


def losses_by_day(root: str) -> dict[str, dict[str, int]]:
    """The same by the day of UTC; an older release did not say the day, and then it is empty."""
    found: dict[str, dict[str, int]] = {}
    for path in sorted(folder(root).glob("losses*")):
        try:
            letters = path.read_bytes()
        except OSError:
            continue
        found[path.name[len("losses-") :]] = {name: letters.count(letter) for name, letter in LOSSES.items()}
    return found
