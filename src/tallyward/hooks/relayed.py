"""What a hook's process does for a session whose other events go to the relay over HTTP.

It sees to it that a relay is about, writes down who works where, and notices whether the relay was the same one all
along: each goes by a word of its own, and takes another when it could not take something in. Where the word is not the
one that the session knew, calls may have been missed, and from then on the session's own transcript is read at the end
of each prompt. Its rows have the keys that the hooks give them, so whatever was seen twice is one row.

Imported by the hook: as little as possible.
"""

import os

from tallyward.capture._base import Event, Seen
from tallyward.client import relay_start, sender_start, session_memory, session_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# When a prompt is over, or another one begins, the calls before it are in the transcript.
READING = ("UserPromptSubmit", "Stop", "StopFailure", "SessionEnd")
NEW_PROCESS = ("startup", "resume", "fork")


def watch(root: str, event: Event, seen: Seen, environ: "Mapping[str, str]") -> None:
    """See to the relay and to the session, if this machine is to have a relay."""
    settings = relay_start.read(root)
    if settings is None:
        return
    word = relay_start.ensure(root, settings, environ) or ""
    known = session_place.load(root, event.get("session_id"))
    missed = _was_missed(event, known, word)
    place: dict[str, object] = {"engineer_id": seen.engineer_id, "runtime": seen.runtime, "relay": word}
    place |= {name: said for name, said in (("repo", seen.repo), ("branch", seen.branch)) if said}
    if missed:
        place["missed"] = True
    if place != known:
        session_place.save(root, event.get("session_id"), place)
    if missed and settings.takes_hooks and event.get("hook_event_name") in READING:
        _read(root, event, environ)


def _was_missed(event: Event, known: "dict[str, object]", word: str) -> bool:
    """Whether a call of this session may have found no relay."""
    begins = event.get("hook_event_name") == "SessionStart" and event.get("source") in NEW_PROCESS
    if not word or (known.get("missed") is True and not begins):
        return True
    return bool(known) and not begins and known.get("relay") != word


def _read(root: str, event: Event, environ: "Mapping[str, str]") -> None:
    """Have a process of its own read the transcript; it is not waited for."""
    path, session = event.get("transcript_path"), event.get("session_id")
    if not isinstance(path, str) or not path.startswith("/") or not session_memory.is_plain(session):
        return
    if os.fork() == 0:
        try:
            sender_start.become(root, "relay/missed.py", ["--transcript", path, "--session", str(session)], environ)
        finally:
            os._exit(1)  # nobody may return into the caller twice
