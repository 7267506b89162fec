"""Claude Code's hooks: one event in, the records it is worth out.

A fire is seen more than once. A prompt, a typed command and the tools that may run for long are first told of as
`abandoned`, which is what they are if nothing more is ever heard; the second sighting carries the outcome and the same
key. Names and keys are copied, arguments only ever become a keyed hash, and everything else in an event (the prompt,
the command, the output, the error, the last message) is never looked at.

Pure: the session's memory comes in and goes out as a plain dict, kept by the caller between processes.
"""

from tallyward.capture._base import (
    HANDLE_CHARS_MAX,
    NAME_CHARS_MAX,
    PATH_CHARS_MAX,
    RUNTIMES,
    Event,
    HookSource,
    Record,
    Seen,
    Transcript,
    count,
    fetch,
    fire,
    mapping,
    text,
)
from tallyward.capture._claude_tools import AGENT_TOOLS, LONG_TOOLS_MATCHER, MCP_PREFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# What `tally connect` registers, and the matcher of each event that has one. A tool is told of before it runs only if
# it may run for long: one that is killed half-way shall not vanish, and a quick one shall not cost two processes.
EVENTS: "dict[str, str | None]" = {
    "SessionStart": None,
    "UserPromptSubmit": None,
    "UserPromptExpansion": None,
    "PreToolUse": LONG_TOOLS_MATCHER,
    "PostToolUse": "*",
    "PostToolUseFailure": "*",
    "PermissionDenied": "*",
    "Stop": None,
    "StopFailure": None,
    "SessionEnd": None,
}
COMMANDS_REMEMBERED_MAX = 20  # typed in one prompt; more is no person
READING_TOOLS = ("Read",)
MAIN_AGENT = "claude-code"

_TOOL_OUTCOMES = {
    "PreToolUse": "abandoned",
    "PostToolUse": "success",
    "PostToolUseFailure": "error",
    "PermissionDenied": "abandoned",
}


def runtime_of(environ: "Mapping[str, str]") -> str:
    """Which runtime this process is part of. `TALLY_RUNTIME` decides where it is set, as in a pod.

    Cursor and others load Claude's settings and run its hooks too: what is not clearly the program or its desktop
    application is `claude-code-local`.
    """
    chosen = environ.get("TALLY_RUNTIME", "")
    if chosen in RUNTIMES:
        return chosen
    entry = environ.get("CLAUDE_CODE_ENTRYPOINT", "")
    if "CURSOR_VERSION" in environ:
        return "claude-code-local"
    if "desktop" in entry:
        return "claude-code-desktop"
    return "claude-code-cli" if entry == "cli" or entry.startswith("sdk-") else "claude-code-local"


class ClaudeCode(HookSource):
    """The hooks of Claude Code, as terminal, desktop application or SDK runs them."""

    program = "claude"
    events = EVENTS

    def runtime(self, environ: "Mapping[str, str]", transcript: Transcript) -> str:  # noqa: ARG002  # it says nothing more
        return runtime_of(environ)

    def records(self, event: Event, seen: Seen, memory: Event) -> "tuple[list[Record], Event | None]":
        """The records of one event, and what to remember of the session (None: forget it)."""
        name = event.get("hook_event_name")
        if name in _TOOL_OUTCOMES:
            return _tool(event, seen, memory, _TOOL_OUTCOMES[str(name)]), memory
        if name == "SessionStart":
            return [], {**memory, "model": text(event.get("model")) or memory.get("model")}
        if name == "SessionEnd":
            return [], None
        if name in ("UserPromptExpansion", "UserPromptSubmit"):
            return _prompt_opened(event, seen, memory)
        if name in ("Stop", "StopFailure"):
            return _prompt_closed(event, seen, memory, "success" if name == "Stop" else "error"), memory
        return [], memory


def _ids(event: Event) -> "tuple[str | None, str | None]":
    return text(event.get("session_id"), HANDLE_CHARS_MAX), text(event.get("prompt_id"), HANDLE_CHARS_MAX)


def _prompt_fire(  # noqa: PLR0913  # the parts of one row, all by name
    event: Event, seen: Seen, memory: Event, *, kind: str, name: str, status: str, latency_ms: "int | None" = None
) -> Record:
    """A fire that no tool use id names: the prompt's own work, or a command typed in it."""
    session_id, prompt_id = _ids(event)
    arguments = None
    if kind != "session" and "command_args" in event:
        # In the form of the Skill tool's input, so that a command has one fingerprint, typed or chosen by the model.
        arguments = seen.fingerprint({"skill": name, "args": event["command_args"]})
    return fire(
        seen,
        kind=kind,
        name=name,
        status=status,
        # Older versions send no prompt id: then all prompts of the session are one row, and none is lost.
        fire_key=f"{session_id}:{prompt_id or ''}:{name}" if session_id else None,
        session_id=session_id,
        prompt_id=prompt_id,
        model=text(memory.get("model")),
        latency_ms=latency_ms,
        arg_hash=arguments,
    )


def _prompt_opened(event: Event, seen: Seen, memory: Event) -> "tuple[list[Record], Event]":
    _, prompt_id = _ids(event)
    if "since" not in memory or memory.get("prompt") != prompt_id or prompt_id is None:
        memory = {"model": memory.get("model"), "prompt": prompt_id, "since": seen.elapsed_seconds, "commands": []}
    if event.get("hook_event_name") == "UserPromptSubmit":
        return [_prompt_fire(event, seen, memory, kind="session", name="session", status="abandoned")], memory
    name = text(event.get("command_name"), NAME_CHARS_MAX)
    if name is None:
        return [], memory
    kind = "mcp" if event.get("expansion_type") == "mcp_prompt" else "skill"
    known = _commands(memory)
    if [kind, name] not in known and len(known) < COMMANDS_REMEMBERED_MAX:
        memory = {**memory, "commands": [*known, [kind, name]]}
    return [_prompt_fire(event, seen, memory, kind=kind, name=name, status="abandoned")], memory


def _commands(memory: Event) -> "list[list[str]]":
    """The commands typed in the open prompt, as [kind, name]. The memory was a file, so its shape is checked."""
    kept = memory.get("commands")
    pairs: list[object] = kept if isinstance(kept, list) else []  # pyright: ignore[reportUnknownVariableType]
    return [[str(part) for part in pair] for pair in pairs if isinstance(pair, list) and len(pair) == 2]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # noqa: PLR2004


def _prompt_closed(event: Event, seen: Seen, memory: Event, status: str) -> "list[Record]":
    _, prompt_id = _ids(event)
    latency_ms = None
    commands: list[list[str]] = []
    if memory.get("prompt") == prompt_id:
        since = memory.get("since")
        if isinstance(since, int | float):
            # A clock that starts anew at each boot may lie behind what was remembered: then nothing is known.
            latency_ms = count((seen.elapsed_seconds - since) * 1000)
        commands = _commands(memory)
    fires = [
        _prompt_fire(event, seen, memory, kind=kind, name=name, status=status, latency_ms=latency_ms)
        for kind, name in commands
    ]
    whole = _prompt_fire(event, seen, memory, kind="session", name="session", status=status, latency_ms=latency_ms)
    return [*fires, whole]


def _named(tool: str, given: Event) -> "tuple[str, str]":
    """Kind and name of what a tool call really is: a skill, an agent and an MCP tool go by their own names."""
    if tool == "Skill":
        return "skill", text(given.get("skill"), NAME_CHARS_MAX) or tool
    if tool in AGENT_TOOLS:
        return "agent", text(given.get("subagent_type"), NAME_CHARS_MAX) or "general-purpose"
    return ("mcp" if tool.startswith(MCP_PREFIX) else "tool"), tool


def _tool(event: Event, seen: Seen, memory: Event, status: str) -> "list[Record]":
    tool = text(event.get("tool_name"), NAME_CHARS_MAX)
    if tool is None:
        return []
    given = mapping(event.get("tool_input"))
    answer = mapping(event.get("tool_response"))
    kind, name = _named(tool, given)
    if event.get("is_interrupt") is True:
        status = "abandoned"
    elif kind == "skill" and answer.get("success") is False:
        status = "error"
    usage = _whole_usage(answer) if kind == "agent" else {}
    session_id, prompt_id = _ids(event)
    tool_use_id = text(event.get("tool_use_id"))
    seen_fire = fire(
        seen,
        kind=kind,
        name=name,
        status=status,
        fire_key=tool_use_id,
        session_id=session_id,
        prompt_id=prompt_id,
        model=(text(answer.get("resolvedModel")) if kind == "agent" else None) or text(memory.get("model")),
        latency_ms=count(event.get("duration_ms")),
        input_tokens=count(usage.get("input_tokens")),
        output_tokens=count(usage.get("output_tokens")),
        arg_hash=seen.fingerprint(event["tool_input"]) if "tool_input" in event else None,
    )
    return [seen_fire, *_fetched(event, seen, tool, given, tool_use_id)]


def _whole_usage(answer: Event) -> Event:
    """What an agent's work took. Its `usage` is of its last request alone: all, where it used no tool."""
    return {} if count(answer.get("totalToolUseCount")) else mapping(answer.get("usage"))


def _fetched(event: Event, seen: Seen, tool: str, given: Event, tool_use_id: "str | None") -> "list[Record]":
    """The file a reading tool got, if it lies in the repository: what else a person reads is their own affair."""
    path = given.get("file_path")
    if tool not in READING_TOOLS or event.get("hook_event_name") != "PostToolUse" or not isinstance(path, str):
        return []
    inside = text(seen.relative_path(path), PATH_CHARS_MAX)
    if inside is None:
        return []
    agent_name = text(event.get("agent_type"), NAME_CHARS_MAX) or MAIN_AGENT
    return [fetch(seen, agent_name=agent_name, file_path=inside, fetch_key=tool_use_id)]
