"""What a session remembers from one hook to the next: when its prompt began, the commands typed, the model. No content.

Each hook is a process of its own, so the memory is a small file per session. It is a convenience: a lost one costs a
latency, never a fire. The sender throws away what is old.

Imported by the hook: as little as possible.
"""

import os

from tallyward.client import home

NAME_CHARS_MAX = 100
AGE_SECONDS_MAX = 14 * 24 * 3600  # a session that slept longer starts anew
FILES_MAX = 1_000


def _path(root: str, session_id: object) -> "str | None":
    """The file of a session; None for an id that is no plain name."""
    if not isinstance(session_id, str) or not 0 < len(session_id) <= NAME_CHARS_MAX:
        return None
    if not (session_id.isascii() and session_id.replace("-", "").replace("_", "").isalnum()):
        return None
    return f"{root}/sessions/{session_id}.json"


def load(root: str, session_id: object) -> "dict[str, object]":
    """What was remembered; empty if nothing was."""
    path = _path(root, session_id)
    return home.read_object(path) if path else {}


def save(root: str, session_id: object, memory: "dict[str, object] | None") -> None:
    """Remember `memory`, or forget the session for None. A disk that refuses is no reason to fail."""
    path = _path(root, session_id)
    if path is None:
        return
    try:
        if memory is None:
            os.unlink(path)  # noqa: PTH108  # pathlib is slow to import
            return
        home.make_folder(root, "sessions")
        home.write_object(path, memory, durable=False)
    except OSError:
        pass  # The next event of the session does without.


def forget_old(root: str, now: float) -> None:
    """Delete what no living session needs: the old, and all but the newest thousand."""
    try:
        with os.scandir(f"{root}/sessions") as entries:
            kept = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
    except OSError:
        return
    for position, (changed, path) in enumerate(reversed(kept)):
        if now - changed > AGE_SECONDS_MAX or position >= FILES_MAX:
            try:
                os.unlink(path)  # noqa: PTH108
            except OSError:
                continue  # Another sender was faster, or the disk refuses: the next one tries again.
