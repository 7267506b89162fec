"""From one event on standard input to lines in the spool, and a sender that takes them away.

The order is the promise: the event is read, records are built by allow-list (`capture`), and only they touch the disk.
Facts that the event does not hold come from the environment and from git's own files.
"""

import os
import select

from tallyward import clock
from tallyward.capture._base import HANDLE_CHARS_MAX, Event, HookSource, Record, Seen, Transcript, mapping, text
from tallyward.client import git_facts, home, quick_json, sender_start, session_memory, spool
from tallyward.hooks import relayed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EVENT_BYTES_MAX = 32 * 1024 * 1024  # an image in a tool's answer is a few; more is no event
READ_SECONDS_MAX = 5.0  # the agent writes the event at once; whoever does not is not an agent
UNKNOWN_ENGINEER = "unknown"  # the server puts the handle in its place that a token is bound to


def run(source: HookSource, began: float, written: "Callable[[object], Transcript] | None" = None) -> None:
    """Record the event on standard input, then make sure that a sender is about.

    `began` is when the agent started to wait, on the clock of `clock.elapsed_seconds`.
    `written` opens the program's own transcript at the path that an event names, for a source that looks into it.
    """
    root = home.home_dir(os.environ)
    raw = _event_bytes()
    config = home.read_config(root, os.environ)
    known = record(root, raw, config, os.environ, source=source, began=began, written=written)
    if known is not None:
        relayed.watch(root, *known, os.environ)
    if config.server and config.token:
        sender_start.if_needed(root, os.environ)


def _event_bytes() -> bytes:
    """Standard input to its end, or as much as came in time; a cut event is not JSON and is counted as unreadable."""
    deadline = clock.elapsed_seconds() + READ_SECONDS_MAX
    parts: list[bytes] = []
    size = 0
    while size <= EVENT_BYTES_MAX:
        left = deadline - clock.elapsed_seconds()
        if left <= 0 or not select.select([0], [], [], left)[0]:
            break
        part = os.read(0, 1024 * 1024)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def record(  # noqa: PLR0913  # what is known of one event
    root: str,
    raw: bytes,
    config: home.LaptopConfig,
    environ: "Mapping[str, str]",
    *,
    source: HookSource,
    began: "float | None" = None,
    written: "Callable[[object], Transcript] | None" = None,
) -> "tuple[Event, Seen] | None":
    """Put what an event is worth into the spool, and keep what its session needs later. None if it was no event."""
    try:
        event = mapping(quick_json.loads(raw))
    except ValueError:
        event = {}
    if not event:
        spool.count_loss(root, "u")
        return None
    session, part = event.get("session_id"), source.part(event)
    memory = session_memory.load(root, session, part)
    transcript = written(event.get("transcript_path")) if written else Transcript()
    seen = _seen(event, config, environ, transcript, source.runtime(environ, transcript))
    records, remembered = source.records(event, seen, memory)
    if records:
        spool.append(root, _lines(records, began))
    if remembered != memory:
        session_memory.save(root, session, remembered, part)
    return event, seen


def _lines(records: list[Record], began: "float | None") -> bytes:
    """The spool's lines. How long the hook has taken stands beside the first row of an event, and is no field of it."""
    if began is not None:
        took = int((clock.elapsed_seconds() - began) * 1000)
        records = [{**records[0], "hook_ms": took}, *records[1:]]
    return "".join(quick_json.dumps(record) + "\n" for record in records).encode()


def _seen(
    event: Event, config: home.LaptopConfig, environ: "Mapping[str, str]", transcript: Transcript, runtime: str
) -> Seen:
    found = git_facts.repository(event.get("cwd"))
    return Seen(
        now=clock.iso(clock.now()),
        elapsed_seconds=clock.elapsed_seconds(),
        engineer_id=text(git_facts.engineer(config, found, environ), HANDLE_CHARS_MAX) or UNKNOWN_ENGINEER,
        runtime=runtime,
        repo=text(found.name),
        branch=text(found.branch),
        fingerprint=_Fingerprint(config.arg_key),
        relative_path=found.relative_path,
        transcript=transcript,
    )


class _Fingerprint:
    """Arguments as a keyed hash, or nothing while the tenant's key is not known."""

    def __init__(self, arg_key: "str | None") -> None:
        self.arg_key = arg_key

    def __call__(self, arguments: object) -> "str | None":
        if not self.arg_key:
            return None
        from tallyward.client.fingerprint import keyed_hash

        return keyed_hash(self.arg_key, quick_json.dumps(arguments).encode())
