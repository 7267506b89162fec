"""Codex's own telemetry, as its `[otel]` section exports it: tools, explicit and implicit skills, answers of the model.

The result of a tool comes with its arguments and its output in clear; neither is on the list of what may be read. Input
counts what came from the cache too. Two events tell that an answer is complete, and one of them has no counts.

A prompt's own row needs the number of its turn, which most events do not say; then there is none. Spans and metrics say
again what the events say, so no row is made of them.
"""

from collections.abc import Iterator, Sequence

from tallyward.capture._base import HANDLE_CHARS_MAX, NAME_CHARS_MAX
from tallyward.capture._codex_records import SHELLS
from tallyward.capture._otlp import UNKNOWN_NAME, OtlpSource, Signal, Told, fire, fresh, key, usage

_AGENT_TOOL = "spawn_agent"
_PROGRAM = "exec"  # a program of the model's own: each call that it makes is told of beside it


class CodexOtlp(OtlpSource):
    """The events of Codex, exported by the program itself."""

    program = "codex-otlp"
    attributes = frozenset({
        "conversation.id", "turn.id", "originator", "model", "event.kind",
        "tool_name", "call_id", "success", "duration_ms", "mcp_server", "skill.name",
        "input_token_count", "output_token_count", "cached_token_count", "cache_write_token_count",
        "reasoning_token_count",
    })  # fmt: skip

    def claims(self, signal: Signal) -> bool:
        service = str(signal.resource.get("service.name", ""))
        return signal.name.startswith("codex.") or service.startswith("codex")

    def rows(self, signals: Sequence[Signal], now: str) -> Iterator[Told]:
        for signal in signals:
            if signal.span is None and signal.text("conversation.id") is not None:
                yield from _rows(signal, now)


def _rows(signal: Signal, now: str) -> Iterator[Told]:
    session = signal.text("conversation.id", HANDLE_CHARS_MAX)
    turn = signal.text("turn.id", HANDLE_CHARS_MAX)
    if signal.name == "codex.tool_result":
        yield from _tool(signal, now)
    elif signal.name == "codex.sse_event" and signal.text("event.kind") == "response.completed":
        yield from _answer(signal, now)
    elif signal.name == "codex.skill_invocation":
        name = signal.text("skill.name", NAME_CHARS_MAX)
        if name is not None:
            yield _fire(signal, now, "skill", name, "success", key(session, turn or "", name))
    elif signal.name == "codex.user_prompt" and turn is not None:
        yield _fire(signal, now, "session", "session", "abandoned", key(session, turn, "session"))


def _runtime(signal: Signal) -> str:
    origin = (signal.text("originator") or str(signal.resource.get("service.name", ""))).lower()
    if "desktop" in origin:
        return "codex-desktop"
    return "codex-cli" if "exec" in origin or "cli" in origin or "tui" in origin else "codex-local"


def _fire(  # noqa: PLR0913, PLR0917  # the parts of one row
    signal: Signal, now: str, kind: str, name: str, status: str, fire_key: str, latency_ms: int | None = None
) -> Told:
    return fire(
        signal, now, _runtime(signal), kind=kind, skill_name=name, status=status, fire_key=fire_key,
        session_id=signal.text("conversation.id", HANDLE_CHARS_MAX),
        prompt_id=signal.text("turn.id", HANDLE_CHARS_MAX), model=signal.text("model"), latency_ms=latency_ms,
    )  # fmt: skip


def _tool(signal: Signal, now: str) -> Iterator[Told]:
    tool = signal.text("tool_name", NAME_CHARS_MAX)
    if tool is None or tool == _PROGRAM:
        return
    kind, name = "tool", "Bash" if tool in SHELLS else tool  # as hooks and rollouts name it
    server = signal.text("mcp_server")
    if server is not None:
        kind, name = "mcp", f"mcp__{server}__{tool}"[:NAME_CHARS_MAX]
    elif tool == _AGENT_TOOL:
        kind, name = "agent", UNKNOWN_NAME
    status = {True: "success", False: "error", None: "abandoned"}[signal.yes("success")]
    own = key("otlp", signal.text("conversation.id"), signal.name, tool, signal.text("event.timestamp") or signal.at)
    yield _fire(signal, now, kind, name, status, signal.text("call_id") or own, signal.count("duration_ms"))


def _answer(signal: Signal, now: str) -> Iterator[Told]:
    whole, output = signal.count("input_token_count"), signal.count("output_token_count")
    if whole is None and output is None:
        return
    session = signal.text("conversation.id", HANDLE_CHARS_MAX)
    read, written = signal.count("cached_token_count"), signal.count("cache_write_token_count")
    yield usage(
        signal, now, _runtime(signal),
        request_key=key("otlp", session, signal.text("event.timestamp") or signal.at, whole, output),
        model=signal.text("model", NAME_CHARS_MAX) or "unknown",
        input_tokens=fresh(whole, read, written), cache_read_tokens=read, cache_write_5m_tokens=written,
        output_tokens=output, reasoning_tokens=signal.count("reasoning_token_count"),
        session_id=session, prompt_id=signal.text("turn.id", HANDLE_CHARS_MAX),
    )  # fmt: skip
