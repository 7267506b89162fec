"""Claude Code's own telemetry: what its events say of tools, skills, subagents, prompts and requests to the model.

The events lack what the hooks know: names of private skills and of MCP tools are redacted, and only the request for
the model says what it cost. Ids join them: a tool's fire has the key that the hook gives it, and so has a prompt.

A name in place of a redacted one is found in two ways, both within one export. The event that names a skill or an agent
comes right before the result of the tool that ran it, so the two have neighbouring numbers. A typed skill has no tool;
the first request made for it names it, unless it is of somebody else's plug-in.

Spans say again what the events say, so no row is made of them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from tallyward.capture._base import HANDLE_CHARS_MAX, NAME_CHARS_MAX
from tallyward.capture._otlp import UNKNOWN_NAME, OtlpSource, Signal, Told, fire, key, usage

REDACTED = frozenset({"custom_skill", "third-party", "mcp_tool", "custom", "mcp", "<REDACTED>"})
_KINDS = {"Skill": "skill", "Agent": "agent", "Task": "agent", "mcp_tool": "mcp"}
_Prompt = tuple[str | None, str | None]


class ClaudeOtlp(OtlpSource):
    """The events of Claude Code, exported by the program itself."""

    program = "claude-otlp"
    attributes = frozenset({
        "session.id", "prompt.id", "event.sequence", "app.entrypoint", "query_source",
        "tool_name", "tool_use_id", "success", "duration_ms", "error_type", "decision",
        "tool_input_size_bytes", "tool_result_size_bytes",
        "skill.name", "invocation_trigger", "agent_type",
        "model", "input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens",
        "cost_usd", "cost_usd_micros", "request_id", "speed",
    })  # fmt: skip

    def claims(self, signal: Signal) -> bool:
        service = str(signal.resource.get("service.name", ""))
        return signal.scope.startswith("com.anthropic.claude_code") or service.startswith("claude-code")

    def rows(self, signals: Sequence[Signal], now: str) -> Iterator[Told]:
        reading = _Reading(now)
        for signal in signals:
            handler = _HANDLERS.get(signal.name) if signal.span is None else None
            if handler is not None:
                yield from handler(reading, signal)


def _runtime(signal: Signal) -> str:
    entry = signal.text("app.entrypoint") or ""
    if "desktop" in entry:
        return "claude-code-desktop"
    return "claude-code-cli" if entry == "cli" or entry.startswith("sdk-") else "claude-code-local"


def _real(signal: Signal, name: str) -> str | None:
    """A name, unless the program put a word in its place."""
    found = signal.text(name, NAME_CHARS_MAX)
    return None if found in REDACTED else found


def _sizes(signal: Signal) -> dict[str, int]:
    """What the event says of sizes. What it does not say is not named: servers from before refuse the names."""
    said = {"request_bytes": "tool_input_size_bytes", "response_bytes": "tool_result_size_bytes"}
    return {field: size for field, name in said.items() if (size := signal.count(name)) is not None}


def _ids(signal: Signal) -> _Prompt:
    return signal.text("session.id", HANDLE_CHARS_MAX), signal.text("prompt.id", HANDLE_CHARS_MAX)


class _Reading:
    """What is remembered from one event of an export to the next."""

    def __init__(self, now: str) -> None:
        self._now = now
        self._last_named: tuple[str | None, int | None, str] | None = None
        self._nameless: dict[_Prompt, Signal] = {}
        self._typed: dict[_Prompt, list[str]] = {}

    def _fire(  # noqa: PLR0913  # the parts of one row, all by name
        self, signal: Signal, *, kind: str, name: str, status: str, fire_key: str | None = None,
        latency_ms: int | None = None, sizes: Mapping[str, int] = MappingProxyType({}),
    ) -> Told:  # fmt: skip
        session, prompt = _ids(signal)
        return fire(
            signal, self._now, _runtime(signal), kind=kind, skill_name=name, status=status, session_id=session,
            prompt_id=prompt, latency_ms=latency_ms,
            # As the hook keys what has no tool use id: session, prompt and name.
            fire_key=fire_key or key(session, prompt or "", name), **sizes,
        )  # fmt: skip

    def tool_result(self, signal: Signal) -> Iterator[Told]:
        success = signal.yes("success")
        error_type = (signal.text("error_type") or "").lower()
        interrupted = "abort" in error_type or "interrupt" in error_type
        status = {True: "success", False: "error", None: "abandoned"}[None if interrupted else success]
        yield from self._tool(signal, status, self._named_before(signal))

    def tool_decision(self, signal: Signal) -> Iterator[Told]:
        if signal.text("decision") == "reject":
            yield from self._tool(signal, "abandoned", None)

    def _tool(self, signal: Signal, status: str, name: str | None) -> Iterator[Told]:
        tool = signal.text("tool_name", NAME_CHARS_MAX)
        if tool is None:
            return
        kind = _KINDS.get(tool) or ("mcp" if tool.startswith("mcp__") else "tool")
        if kind in ("skill", "agent") or tool in REDACTED:
            tool = name or UNKNOWN_NAME
        fire_key = signal.text("tool_use_id") or self._own_key(signal)
        latency_ms = signal.count("duration_ms")
        yield self._fire(
            signal, kind=kind, name=tool, status=status, fire_key=fire_key, latency_ms=latency_ms, sizes=_sizes(signal)
        )

    def _named_before(self, signal: Signal) -> str | None:
        before, self._last_named = self._last_named, None
        number = signal.count("event.sequence")
        if before is None or number is None or before[:2] != (_ids(signal)[0], number - 1):
            return None
        return before[2] if signal.text("tool_name") in ("Skill", "Agent", "Task") else None

    def _remember(self, signal: Signal, name: str | None) -> None:
        if name is not None:
            self._last_named = (_ids(signal)[0], signal.count("event.sequence"), name)

    def subagent_completed(self, signal: Signal) -> Iterator[Told]:
        self._remember(signal, _real(signal, "agent_type"))
        yield from ()

    def skill_activated(self, signal: Signal) -> Iterator[Told]:
        name = _real(signal, "skill.name")
        if signal.text("invocation_trigger") != "user-slash":
            self._remember(signal, name)  # a tool ran it, and the tool's result is its fire
        elif name is None:
            self._nameless[_ids(signal)] = signal
        else:
            yield self._typed_skill(signal, name)

    def _typed_skill(self, signal: Signal, name: str) -> Told:
        self._typed.setdefault(_ids(signal), []).append(name)
        return self._fire(signal, kind="skill", name=name, status="abandoned")

    def user_prompt(self, signal: Signal) -> Iterator[Told]:
        if _ids(signal)[0] is not None:
            yield self._fire(signal, kind="session", name="session", status="abandoned")

    def assistant_response(self, signal: Signal) -> Iterator[Told]:
        """The program said something to the person: the prompt, and what was typed in it, was worked on."""
        if _ids(signal)[0] is None or (signal.text("query_source") or "").startswith("agent"):
            return
        yield self._fire(signal, kind="session", name="session", status="success")
        for name in self._typed.pop(_ids(signal), []):
            yield self._fire(signal, kind="skill", name=name, status="success")

    def api_request(self, signal: Signal) -> Iterator[Told]:
        session, prompt = _ids(signal)
        name = _real(signal, "skill.name")
        dollars = signal.values.get("cost_usd")
        micros = signal.count("cost_usd_micros")
        if micros is None and isinstance(dollars, int | float) and 0 <= dollars < 2**31:
            micros = round(dollars * 1_000_000)
        yield usage(
            signal, self._now, _runtime(signal),
            request_key=signal.text("request_id") or self._own_key(signal),
            model=signal.text("model", NAME_CHARS_MAX) or "unknown",
            input_tokens=signal.count("input_tokens"), output_tokens=signal.count("output_tokens"),
            cache_read_tokens=signal.count("cache_read_tokens"),
            cache_write_5m_tokens=signal.count("cache_creation_tokens"),
            session_id=session, prompt_id=prompt, skill_name=name, reported_cost_micros=micros,
            service_tier="fast" if signal.text("speed") == "fast" else None,
        )  # fmt: skip
        if name is not None and (session, prompt) in self._nameless:
            yield self._typed_skill(self._nameless.pop((session, prompt)), name)

    @staticmethod
    def _own_key(signal: Signal) -> str:
        """For an event that has no id: its number starts anew with the process, so its time is part of the key."""
        session, prompt = _ids(signal)
        when = signal.text("event.timestamp") or signal.at
        return key("otlp", session, prompt, signal.name, signal.values.get("event.sequence"), when)


_HANDLERS: dict[str, Callable[[_Reading, Signal], Iterator[Told]]] = {
    "tool_result": _Reading.tool_result,
    "tool_decision": _Reading.tool_decision,
    "subagent_completed": _Reading.subagent_completed,
    "skill_activated": _Reading.skill_activated,
    "user_prompt": _Reading.user_prompt,
    "assistant_response": _Reading.assistant_response,
    "api_request": _Reading.api_request,
}
