"""What Codex has written down of a session so far, read in the middle of it.

Codex tells a hook neither whether a command failed nor how long it took, but it has written both to the session's
rollout by then: a file of one JSON record a line. Records are found by a text that they must hold, so that no more than
a handful is ever parsed, and whoever asks takes from them what it knows by name. Most of a rollout is content.

Imported by the hook: as little as possible.
"""

import os

from tallyward.capture._base import Event, Transcript
from tallyward.client import quick_json

HEAD_BYTES = 4096  # where the session's own description begins; its instructions come after what is looked for
TAIL_BYTES = 64 * 1024
# A turn may write a lot; what lies further back than this is not found, and costs one figure.
SCAN_BYTES_MAX = 8 * 1024 * 1024
ORIGIN_MARK = b'"originator":"'


class Rollout(Transcript):
    """The file at `path`, wherever a hook's event says it is; nothing if it names none."""

    def __init__(self, path: object) -> None:
        self._path = path if isinstance(path, str) else ""

    def origin(self) -> "str | None":
        """Codex's word for what the session was begun with: `codex-tui`, `codex_exec`, `Codex Desktop` ..."""
        head = self._read(0, HEAD_BYTES)
        # A quotation mark in somebody's text has a backslash before it, so this is the member itself.
        _, found, rest = head.partition(ORIGIN_MARK)
        return rest.partition(b'"')[0].decode("utf-8", "replace") if found else None

    def size(self) -> int:
        """How long the file is by now."""
        try:
            return os.stat(self._path).st_size  # noqa: PTH116  # pathlib is slow to import
        except (OSError, ValueError):
            return 0

    def records(self, mark: str, since: "int | None" = None) -> list[Event]:
        """The records whose line holds `mark`, in their order: those after a place, else those near the end."""
        size = self.size()
        if since is not None:
            return _records(self._read(max(since, size - SCAN_BYTES_MAX), SCAN_BYTES_MAX), mark.encode())
        near = _records(self._read(max(0, size - TAIL_BYTES), TAIL_BYTES), mark.encode())
        if near or size <= TAIL_BYTES:
            return near
        return _records(self._read(max(0, size - SCAN_BYTES_MAX), SCAN_BYTES_MAX), mark.encode())

    def _read(self, begin: int, length: int) -> bytes:
        """A part of the file; nothing if it cannot be read. Opened without blocking, whatever lies there."""
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError):
            return b""
        try:
            return os.pread(fd, length, begin)
        except OSError:
            return b""
        finally:
            os.close(fd)


def _records(part: bytes, mark: bytes) -> list[Event]:
    """The records with the mark in a part of the file. A line that the part cuts off is no JSON and is left out."""
    found: list[Event] = []
    at = part.find(mark)
    while at >= 0:
        begin = part.rfind(b"\n", 0, at) + 1
        end = part.find(b"\n", at)
        end = len(part) if end < 0 else end
        try:
            record = quick_json.loads(part[begin:end])
        except ValueError:
            record = None
        if isinstance(record, dict):
            found.append(record)  # pyright: ignore[reportUnknownArgumentType]  # JSON keys are text
        at = part.find(mark, end)
    return found
