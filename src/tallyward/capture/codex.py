"""Codex's hooks: one event in, the records it is worth out.

A turn and each call in it are first told of as `abandoned`, which is what they are if nothing more is ever heard; the
second sighting carries the outcome and the same key. Codex's events say neither how a call ended nor how long it took,
and nothing of skills; its transcript does, so the outcome is looked up there by the call's id. Of a transcript's
records only statuses, exit codes, durations and ids are taken, and of commands only the name of a skill whose
`SKILL.md` they read. Everything else is never looked at.

A subagent is a thread of its own within the session. Its turn is no prompt of a person, so it has no row as one.

Pure: memory and transcript come in from the caller.
"""

from tallyward.capture._base import (
    HANDLE_CHARS_MAX,
    NAME_CHARS_MAX,
    RUNTIMES,
    Event,
    HookSource,
    Record,
    Seen,
    Transcript,
    count,
    fire,
    mapping,
    text,
)
from tallyward.capture._codex_skills import skills_read
from tallyward.capture._codex_transcript import (
    AGENT_TOOL,
    completed,
    failed_commands,
    failed_turn,
    the_call,
    typed_skills,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# What `tally connect` registers. Each change of this table makes people trust the hooks anew.
EVENTS: "dict[str, str | None]" = {
    "SessionStart": None,
    "UserPromptSubmit": None,
    "PreToolUse": None,
    "PostToolUse": None,
    "SubagentStart": None,
    "SubagentStop": None,
    "Stop": None,
    "Interrupt": None,
    "SessionEnd": None,
}
PROGRAM_ORIGINS = ("codex-tui", "codex_tui", "codex_cli", "codex_exec", "codex_sdk")
# Tools of a namespace reach a hook with its name glued on.
NAMESPACES = ("collaboration", "multi_agent_v1")
AGENT_TYPE = "default"
SHELL_TOOL = "Bash"  # as a hook names it


class Codex(HookSource):
    """The hooks of Codex, as terminal, desktop application, editor or SDK runs them."""

    program = "codex"
    events = EVENTS

    def runtime(self, environ: "Mapping[str, str]", transcript: Transcript) -> str:
        """`TALLY_RUNTIME` decides where it is set, as in a pod; else what the session was begun with."""
        chosen = environ.get("TALLY_RUNTIME", "")
        if chosen in RUNTIMES:
            return chosen
        origin = (transcript.origin() or environ.get("CODEX_INTERNAL_ORIGINATOR_OVERRIDE", "")).lower()
        if "desktop" in origin:
            return "codex-desktop"
        if not origin and "CODEX_MANAGED_BY_NPM" in environ:
            return "codex-cli"  # a session that leaves no transcript, of the program that npm installs
        return "codex-cli" if origin.startswith(PROGRAM_ORIGINS) else "codex-local"

    def part(self, event: Event) -> "str | None":
        """A call and an agent have a memory of their own, since calls run beside each other."""
        name = event.get("hook_event_name")
        if name in ("PreToolUse", "PostToolUse"):
            return text(event.get("tool_use_id")) or ""
        return (text(event.get("agent_id")) or "") if name in ("SubagentStart", "SubagentStop") else None

    def records(self, event: Event, seen: Seen, memory: Event) -> "tuple[list[Record], Event | None]":
        """The records of one event, and what to remember of its session, call or agent (None: forget it)."""
        name = event.get("hook_event_name")
        if name in ("PreToolUse", "SubagentStart"):
            found = _call(event, seen, "abandoned") if name == "PreToolUse" else []
            return found, {"since": seen.elapsed_seconds}
        if name in _ENDS:
            return _ENDS[str(name)](event, seen, memory), None
        if name == "UserPromptSubmit" and not event.get("agent_id"):
            return _turn_begun(event, seen, memory)
        if name in _TURN_ENDS and not event.get("agent_id"):
            return _turn_ended(event, seen, memory, _TURN_ENDS[str(name)]), {**memory, "open": False}
        return [], memory


def _fire(  # noqa: PLR0913  # the parts of one row, all by name
    event: Event,
    seen: Seen,
    *,
    kind: str,
    name: str,
    status: str,
    fire_key: "str | None",
    turn: "str | None",
    latency_ms: "int | None" = None,
    arg_hash: "str | None" = None,
) -> Record:
    return fire(
        seen,
        kind=kind,
        name=name,
        status=status,
        fire_key=fire_key,
        session_id=text(event.get("session_id"), HANDLE_CHARS_MAX),
        prompt_id=turn,
        model=text(event.get("model")),
        latency_ms=latency_ms,
        arg_hash=arg_hash,
    )


def _turn_fire(  # noqa: PLR0913  # the parts of one row, all by name
    event: Event,
    seen: Seen,
    status: str,
    *,
    kind: str = "session",
    name: str = "session",
    turn: "str | None" = None,
    latency_ms: "int | None" = None,
) -> Record:
    """A fire that no id of a call names: the turn's own work, or a skill used in it."""
    session_id = text(event.get("session_id"), HANDLE_CHARS_MAX)
    turn = turn or text(event.get("turn_id"), HANDLE_CHARS_MAX)
    key = f"{session_id}:{turn or ''}:{name}" if session_id else None
    return _fire(event, seen, kind=kind, name=name, status=status, fire_key=key, turn=turn, latency_ms=latency_ms)


def _elapsed_ms(seen: Seen, memory: Event) -> "int | None":
    """How long ago the memory's beginning was. A clock that starts anew at each boot may lie before it."""
    since = memory.get("since")
    return count((seen.elapsed_seconds - since) * 1000) if isinstance(since, int | float) else None


def _turn_begun(event: Event, seen: Seen, memory: Event) -> "tuple[list[Record], Event]":
    turn = text(event.get("turn_id"), HANDLE_CHARS_MAX)
    row = _turn_fire(event, seen, "abandoned")
    if memory.get("open") is True and memory.get("turn") == turn:
        return [row], memory  # said in the middle of the turn
    begun: Event = {"turn": turn, "since": seen.elapsed_seconds, "at": seen.transcript.size(), "open": True}
    return [*_turn_failed(event, seen, memory), row], begun


def _turn_ended(event: Event, seen: Seen, memory: Event, status: str) -> "list[Record]":
    """The turn's own row, and what only the transcript tells: typed skills, patches, commands that failed after all."""
    turn = text(event.get("turn_id"), HANDLE_CHARS_MAX)
    known = memory.get("turn") == turn
    latency_ms = _elapsed_ms(seen, memory) if known else None
    begin = memory.get("at") if known else None
    since = begin if isinstance(begin, int) else None
    typed = [
        _turn_fire(event, seen, status, kind="skill", name=name, latency_ms=latency_ms)
        for name in typed_skills(seen, turn, since)
    ]
    # A shell command that holds a patch has a hook before, but none after.
    patches = [
        _fire(event, seen, kind="tool", name="apply_patch", status=call.status({}), fire_key=call.key, turn=turn,
              latency_ms=call.duration_ms)
        for call in completed(seen, '"FileChange"', since)
        if call.kind == "FileChange" and call.turn == turn and call.key
    ]  # fmt: skip
    failed = [
        _fire(event, seen, kind="tool", name=SHELL_TOOL, status=outcome, fire_key=key, turn=turn)
        for key, outcome in failed_commands(seen, turn, since)
    ]
    return [*typed, *patches, *failed, _turn_fire(event, seen, status, latency_ms=latency_ms)]


def _turn_failed(event: Event, seen: Seen, memory: Event) -> "list[Record]":
    """The row of a turn that no hook has told the end of, if the transcript says that it failed."""
    begin, turn = memory.get("at"), memory.get("turn")
    if memory.get("open") is not True or not isinstance(begin, int) or not isinstance(turn, str):
        return []
    told = failed_turn(seen, turn, begin)
    if told is None:
        return []
    return [_turn_fire(event, seen, "error", turn=turn, latency_ms=count(told.get("duration_ms")))]


def _named(event: Event) -> "tuple[str, str] | None":
    """Kind and name of what a call really is: an agent and an MCP tool go by their own names."""
    tool = text(event.get("tool_name"), NAME_CHARS_MAX)
    if tool is None or tool.startswith("mcp__"):
        return ("mcp", tool) if tool else None
    for namespace in NAMESPACES:
        tool = tool.removeprefix(namespace).lstrip("_.") or tool
    if tool == AGENT_TOOL:
        return "agent", text(mapping(event.get("tool_input")).get("agent_type"), NAME_CHARS_MAX) or AGENT_TYPE
    return "tool", tool


def _call(event: Event, seen: Seen, status: str, latency_ms: "int | None" = None) -> "list[Record]":
    named = _named(event)
    if named is None:
        return []
    kind, name = named
    row = _fire(
        event,
        seen,
        kind=kind,
        name=name,
        status=status,
        fire_key=text(event.get("tool_use_id")),
        turn=text(event.get("turn_id"), HANDLE_CHARS_MAX),
        latency_ms=latency_ms,
        arg_hash=seen.fingerprint(event["tool_input"]) if "tool_input" in event else None,
    )
    return [row]


def _call_ended(event: Event, seen: Seen, memory: Event) -> "list[Record]":
    """The call with its outcome, and beside it each skill that it read."""
    call = the_call(seen, text(event.get("tool_use_id")))
    status = call.status(mapping(event.get("tool_response")))
    if status == "success" and call.began_agent:
        return _call(event, seen, "abandoned")  # the agent has only begun; its end is an event of its own
    latency_ms = _elapsed_ms(seen, memory) if call.duration_ms is None else call.duration_ms
    skills = [
        _turn_fire(event, seen, status, kind="skill", name=name, latency_ms=latency_ms)
        for name in skills_read(mapping(event.get("tool_input")).get("command"))
    ]
    return [*_call(event, seen, status, latency_ms), *skills]


def _agent_ended(event: Event, seen: Seen, memory: Event) -> "list[Record]":
    """The end of a subagent, which goes by the call that began it."""
    agent = text(event.get("agent_id"))
    began = [call for call in completed(seen, f'"{agent}"') if call.began_agent and agent in call.agents]
    if agent is None or not began or began[0].key is None:
        return []
    row = _fire(
        event,
        seen,
        kind="agent",
        name=text(event.get("agent_type"), NAME_CHARS_MAX) or AGENT_TYPE,
        status="success",
        fire_key=began[0].key,
        turn=began[0].turn,
        latency_ms=_elapsed_ms(seen, memory),
    )
    return [row]


_TURN_ENDS = {"Stop": "success", "Interrupt": "abandoned"}
_ENDS = {"PostToolUse": _call_ended, "SubagentStop": _agent_ended, "SessionEnd": _turn_failed}
