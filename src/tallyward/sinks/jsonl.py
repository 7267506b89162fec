"""A file with one JSON object a line, for whatever reads files. It says the place of each point, and has each once."""

import asyncio
import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from tallyward.domain.sink import SinkConfig
from tallyward.errors import SinkMisconfigured
from tallyward.sinks._base import Placed, Sink

_BEGINNING = b'{"place":'
LINE_BYTES_MAX = 64 * 1024  # of one line of ours: names and texts are short


class Jsonl(Sink):
    """Appends to `path`. A line that was torn by a crash is cut off, and what the file has already is passed by."""

    @classmethod
    def problems(cls, config: SinkConfig) -> list[str]:
        return [] if config.path else [f"sinks.{config.name}.path is missing"]

    async def send(self, points: Sequence[Placed]) -> None:
        await asyncio.to_thread(_append, self.folder / self.config.path, points)


def _append(path: Path, points: Sequence[Placed]) -> None:
    try:
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # another server may write to the same file; closing lets go of it
            last = _last_place(file)
            file.write(b"".join(_line(placed) for placed in points if placed.place > last))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SinkMisconfigured(f"{path} cannot be written ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SinkMisconfigured(f"{path} is no file of this sink; it was left as it is.") from error


def _last_place(file: BinaryIO) -> int:
    """The place of the last whole line. What follows it is half a line, and is cut off. Raises ValueError when this is
    no file of ours, which then stays as it is.
    """
    end = file.seek(0, os.SEEK_END)
    begin = max(0, end - 2 * LINE_BYTES_MAX)
    file.seek(begin)
    tail = file.read()
    whole = tail[: tail.rfind(b"\n") + 1]
    torn = tail[len(whole) :]
    if not whole and (begin or not _BEGINNING.startswith(torn[: len(_BEGINNING)])):
        raise ValueError("no line of ours is in it")
    last = json.loads(whole.splitlines()[-1])["place"] if whole else 0
    if torn:
        file.truncate(begin + len(whole))
    return int(last)


def _line(placed: Placed) -> bytes:
    point = placed.point
    row = {
        "place": placed.place,
        "measurement": point.measurement,
        "tags": dict(point.tags),
        "fields": dict(point.fields),
        "ns": point.ns,
    }
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
