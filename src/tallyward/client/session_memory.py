"""What a session remembers from one hook to the next: when its prompt began, the commands typed, the model. No content.

Each hook is a process of its own, so the memory is a small file per session. Calls that overlap have hooks that overlap
too, so what is to be remembered of one call or one agent has a file of its own, a part of the session's. It is a
convenience: a lost one costs a latency, never a fire. The sender throws away what is old.

Imported by the hook: as little as possible.
"""

import os

from tallyward.client import home

NAME_CHARS_MAX = 100
AGE_SECONDS_MAX = 14 * 24 * 3600  # a session that slept longer starts anew
FILES_MAX = 1_000


def is_plain(name: object) -> bool:
    """Whether a name can be part of a file's name and mean nothing else."""
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARS_MAX:
        return False
    return name.isascii() and name.replace("-", "").replace("_", "").isalnum()


def _path(root: str, session_id: object, part: "str | None") -> "str | None":
    """The file of a session or of a part of it; None for an id that is no plain name."""
    if not is_plain(session_id) or not (part is None or is_plain(part)):
        return None
    return f"{root}/sessions/{session_id}.json" if part is None else f"{root}/sessions/{session_id}.{part}.json"


def load(root: str, session_id: object, part: "str | None" = None) -> "dict[str, object]":
    """What was remembered; empty if nothing was."""
    path = _path(root, session_id, part)
    return home.read_object(path) if path else {}


def save(root: str, session_id: object, memory: "dict[str, object] | None", part: "str | None" = None) -> None:
    """Remember `memory`, or forget for None: a part, or a session with all its parts.

    A disk that refuses is no reason to fail.
    """
    path = _path(root, session_id, part)
    if path is None:
        return
    try:
        if memory is not None:
            home.make_folder(root, "sessions")
            home.write_object(path, memory, durable=False)
        elif part is not None:
            os.unlink(path)  # noqa: PTH108  # pathlib is slow to import
        else:
            _forget(root, f"{session_id}.")
    except OSError:
        pass  # The next event of the session does without.


def _forget(root: str, beginning: str) -> None:
    with os.scandir(f"{root}/sessions") as entries:
        for entry in entries:
            if entry.name.startswith(beginning):
                os.unlink(entry.path)  # noqa: PTH108


def forget_old(root: str, now: float, folder: str = "sessions") -> None:
    """Delete what no living session needs: the old, and all but the newest thousand."""
    try:
        with os.scandir(f"{root}/{folder}") as entries:
            kept = sorted((entry.stat().st_mtime, entry.path) for entry in entries)
    except OSError:
        return
    for position, (changed, path) in enumerate(reversed(kept)):
        if now - changed > AGE_SECONDS_MAX or position >= FILES_MAX:
            try:
                os.unlink(path)  # noqa: PTH108
            except OSError:
                continue  # Another sender was faster, or the disk refuses: the next one tries again.
