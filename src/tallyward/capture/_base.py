"""What every source of work shares: the only fields a record may have, and the only shapes their values may take.

A record is built here, field by field, from values that were asked for by name. Whatever else an agent program says
(prompts, commands, file contents, output, error texts) has no way into a record, because nothing copies what it does
not know. A value of the wrong type or an absurd size becomes null or is cut, so that one odd event costs one field.

Imported by the hook: standard library only, and as little of it as possible.
"""

from abc import ABC, abstractmethod

TYPE_CHECKING = False  # `typing` takes longer to import than this whole module
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RUNTIMES = (
    "claude-code-cli",
    "claude-code-desktop",
    "claude-code-local",
    "codex-cli",
    "codex-desktop",
    "codex-local",
    "k8s-job",
    "modal",
    "local-job",
)
# The server's own limits; a longer value would be refused there, row and all.
HANDLE_CHARS_MAX = 200
NAME_CHARS_MAX = 300
TEXT_CHARS_MAX = 500
PATH_CHARS_MAX = 1_000
COUNT_MAX = 2**31 - 1

Record = dict[str, object]
Event = dict[str, object]


class Transcript:
    """What an agent program has written down of its own session. This one has written nothing."""

    def origin(self) -> "str | None":
        """Which of the program's faces the session was begun with, in the program's own word."""
        return None

    def size(self) -> int:
        """How much there is of it by now: a place to look from, later."""
        return 0

    def records(self, mark: str, since: "int | None" = None) -> "list[Event]":  # noqa: ARG002  # there is none
        """The records whose text holds `mark`, in their order: those since a place, else those near the end."""
        return []


class Seen:
    """What a source may know beside the event itself; the caller found it out, so that reading stays pure."""

    __slots__ = (
        "branch", "elapsed_seconds", "engineer_id", "fingerprint", "now", "relative_path", "repo", "runtime",
        "transcript",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913  # one name per fact, all by name
        self,
        *,
        now: str,
        elapsed_seconds: float,
        engineer_id: str,
        runtime: str,
        repo: "str | None" = None,
        branch: "str | None" = None,
        fingerprint: "Callable[[object], str | None]" = lambda _arguments: None,
        relative_path: "Callable[[str], str | None]" = lambda _path: None,
        transcript: "Transcript | None" = None,
    ) -> None:
        self.now = now
        self.elapsed_seconds = elapsed_seconds
        self.engineer_id = engineer_id
        self.runtime = runtime
        self.repo = repo
        self.branch = branch
        self.fingerprint = fingerprint
        self.relative_path = relative_path
        self.transcript = transcript or Transcript()


class CaptureSource:
    """One way in which an agent program tells of its work."""

    program = ""


class HookSource(CaptureSource, ABC):
    """The hooks of one agent program."""

    # What `tally connect` registers, and the matcher of each event that has one.
    events: "Mapping[str, str | None]"

    @abstractmethod
    def runtime(self, environ: "Mapping[str, str]", transcript: Transcript) -> str:
        """Which runtime the hook's process is part of."""

    def part(self, event: Event) -> "str | None":  # noqa: ARG002  # a source with calls that overlap looks at it
        """Whose memory this event reads and writes: None is the session's own, else one call's or one agent's."""
        return None

    @abstractmethod
    def records(self, event: Event, seen: Seen, memory: Event) -> "tuple[list[Record], Event | None]":
        """The records of one event, and what to remember in place of `memory` (None: forget it)."""


def text(value: object, chars_max: int = TEXT_CHARS_MAX) -> "str | None":
    """`value` if it is text, on one line, without what no database keeps, cut to `chars_max`; else None."""
    if not isinstance(value, str):
        return None
    cut = value[:chars_max]
    if not cut.isprintable():
        # Control characters, line breaks and lone surrogates; the letters of the world's alphabets are printable.
        cut = "".join(letter if letter.isprintable() else " " for letter in cut)
    return cut.strip() or None


def count(value: object) -> "int | None":
    """`value` as a whole number of at least 0 if it is a number that fits; else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= COUNT_MAX else None


def mapping(value: object) -> Event:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]  # JSON keys are text


def fire(  # noqa: PLR0913  # the fields of a fire, all by name
    seen: Seen,
    *,
    kind: str,
    name: str,
    status: str,
    fire_key: "str | None",
    session_id: "str | None",
    prompt_id: "str | None",
    model: "str | None" = None,
    latency_ms: "int | None" = None,
    input_tokens: "int | None" = None,
    output_tokens: "int | None" = None,
    arg_hash: "str | None" = None,
    source: str = "hook",
    sizes: "Mapping[str, int] | None" = None,
) -> Record:
    """A record for `POST /v1/trace`: one sighting of one fire, as `source` saw it.

    What is not in `sizes` is not named in the row: servers from before there were sizes refuse the names.
    """
    row: Record = {
        "ts": seen.now, "engineer_id": seen.engineer_id, "runtime": seen.runtime,
        "repo": seen.repo, "branch": seen.branch,
        "skill_name": name, "kind": kind, "status": status, "model": model, "latency_ms": latency_ms,
        "input_tokens": input_tokens, "output_tokens": output_tokens, "arg_hash": arg_hash,
        "session_id": session_id, "prompt_id": prompt_id, "fire_key": fire_key, "source": source,
        **(sizes or {}),
    }  # fmt: skip
    return {"to": "trace", "row": row}


def fetch(seen: Seen, *, agent_name: str, file_path: str, fetch_key: "str | None") -> Record:
    """A record for `POST /v1/context-fetches`: an agent read a file of the repository."""
    row: Record = {
        "ts": seen.now,
        "agent_name": agent_name,
        "file_path": file_path,
        "repo": seen.repo,
        "fetch_key": fetch_key,
    }
    return {"to": "context-fetches", "row": row}
