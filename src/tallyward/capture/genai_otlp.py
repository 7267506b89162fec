"""Programs that follow the conventions for generative AI: spans of Copilot and others, and the events of Gemini CLI.

A span says either that a tool ran or that a model answered. Spans around them (an agent, a workflow) repeat the sum of
the tokens of those within, so none of them is counted. Gemini CLI tells of the same work in events and, if asked to, in
spans; its events are counted and its spans are not.

Input counts what came from the cache too. Gemini counts thoughts beside the output, where here they are a part of it.
"""

from collections.abc import Iterator, Sequence

from tallyward.capture._base import HANDLE_CHARS_MAX, NAME_CHARS_MAX, text
from tallyward.capture._otlp import OtlpSource, Signal, Told, fire, fresh, key, usage

# No runtime of the ledger is these programs' own; `tally.runtime` names a better one.
RUNTIME = "local-job"
_GEMINI = "gemini_cli."
_ANSWERS = ("chat", "text_completion", "generate_content")
_COPILOT_REPO, _COPILOT_BRANCH = "github.copilot.git.repository", "github.copilot.git.branch"
_COPILOT_SKILL = "github.copilot.tool.parameters.skill_name"
_ID_CHARS_MIN = 12  # `call_0` and the like are told again by every conversation


class GenAiOtlp(OtlpSource):
    """Copilot and other programs with GenAI spans, and Gemini CLI with events."""

    program = "genai-otlp"
    attributes = frozenset({
        "gen_ai.operation.name", "gen_ai.tool.name", "gen_ai.tool.call.id", "gen_ai.conversation.id",
        "gen_ai.response.id", "gen_ai.response.model", "gen_ai.request.model", "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens", "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.reasoning.output_tokens",
        _COPILOT_REPO, _COPILOT_BRANCH, _COPILOT_SKILL,
        "session.id", "prompt_id", "function_name", "success", "duration_ms", "tool_type", "mcp_server_name", "model",
        "input_token_count", "output_token_count", "cached_content_token_count", "thoughts_token_count",
        "tool_token_count",
    })  # fmt: skip

    def claims(self, signal: Signal) -> bool:
        return signal.name.startswith(_GEMINI) or signal.text("gen_ai.operation.name") is not None

    def rows(self, signals: Sequence[Signal], now: str) -> Iterator[Told]:
        for signal in signals:
            if signal.span is None:
                yield from _gemini(signal, now)
            elif not str(signal.resource.get("service.name", "")).startswith("gemini"):
                yield from _of_span(signal, now)


def _id(signal: Signal, name: str) -> str:
    """The provider's own id, by which other paths know it too, else the span's."""
    said = signal.text(name)
    return said if said and len(said) >= _ID_CHARS_MIN else key("otlp", signal.span)


def _of_span(signal: Signal, now: str) -> Iterator[Told]:
    operation = signal.text("gen_ai.operation.name")
    session = signal.text("gen_ai.conversation.id", HANDLE_CHARS_MAX)
    if operation == "execute_tool":
        skill = signal.text(_COPILOT_SKILL, NAME_CHARS_MAX)
        name = skill or signal.text("gen_ai.tool.name", NAME_CHARS_MAX)
        if name is not None:
            told = fire(
                signal, now, RUNTIME, kind="skill" if skill else "tool", skill_name=name,
                status="error" if signal.failed else "success", session_id=session, latency_ms=signal.latency_ms,
                fire_key=_id(signal, "gen_ai.tool.call.id"),
            )  # fmt: skip
            yield _placed(told)
    elif operation in _ANSWERS:
        yield _placed(_answer(signal, now, session))


def _answer(signal: Signal, now: str, session: str | None) -> Told:
    read = signal.count("gen_ai.usage.cache_read.input_tokens")
    written = signal.count("gen_ai.usage.cache_creation.input_tokens")
    return usage(
        signal, now, RUNTIME,
        request_key=_id(signal, "gen_ai.response.id"),
        model=signal.text("gen_ai.response.model", NAME_CHARS_MAX)
        or signal.text("gen_ai.request.model", NAME_CHARS_MAX) or "unknown",
        input_tokens=fresh(signal.count("gen_ai.usage.input_tokens"), read, written),
        cache_read_tokens=read, cache_write_5m_tokens=written,
        output_tokens=signal.count("gen_ai.usage.output_tokens"),
        reasoning_tokens=signal.count("gen_ai.usage.reasoning.output_tokens"), session_id=session,
    )  # fmt: skip


def _placed(told: Told) -> Told:
    """With the repository that Copilot says, which is an address or `owner/name`: no host, user or password stays."""
    said = (told.signal.text(_COPILOT_REPO) or "").replace(":", "/").removesuffix("/").removesuffix(".git")
    parts = [part for part in said.split("/") if part]
    told.row["repo"] = told.row["repo"] or (text("/".join(parts[-2:])) if len(parts) > 1 else None)
    told.row["branch"] = told.row["branch"] or told.signal.text(_COPILOT_BRANCH)
    return told


def _gemini(signal: Signal, now: str) -> Iterator[Told]:
    session, prompt = signal.text("session.id", HANDLE_CHARS_MAX), signal.text("prompt_id", HANDLE_CHARS_MAX)
    when = signal.text("event.timestamp") or signal.at
    ids = {"session_id": session, "prompt_id": prompt}
    event = signal.name.removeprefix(_GEMINI)
    if event == "tool_call":
        yield from _gemini_tool(signal, now, ids, when)
    elif event == "api_response":
        yield _gemini_answer(signal, now, ids, when)
    if event in ("user_prompt", "api_response") and session and prompt:
        status = "success" if event == "api_response" else "abandoned"
        whole = key(session, prompt, "session")
        yield fire(signal, now, RUNTIME, kind="session", skill_name="session", status=status, fire_key=whole, **ids)


def _gemini_tool(signal: Signal, now: str, ids: dict[str, str | None], when: str | None) -> Iterator[Told]:
    name = signal.text("function_name", NAME_CHARS_MAX)
    if name is None:
        return
    own = key("otlp", *ids.values(), signal.name, name, when)  # Gemini CLI gives a call no id
    kind = "mcp" if signal.text("tool_type") == "mcp" else "tool"
    server = signal.text("mcp_server_name")
    shown = f"mcp__{server}__{name}"[:NAME_CHARS_MAX] if kind == "mcp" and server else name
    status = {True: "success", False: "error", None: "abandoned"}[signal.yes("success")]
    latency_ms = signal.count("duration_ms")
    yield fire(
        signal, now, RUNTIME, kind=kind, skill_name=shown, status=status, fire_key=own, latency_ms=latency_ms, **ids
    )


def _gemini_answer(signal: Signal, now: str, ids: dict[str, str | None], when: str | None) -> Told:
    whole, read = signal.count("input_token_count"), signal.count("cached_content_token_count")
    output, thoughts = signal.count("output_token_count"), signal.count("thoughts_token_count")
    return usage(
        signal, now, RUNTIME, request_key=key("otlp", *ids.values(), signal.name, when, whole, output),
        model=signal.text("model", NAME_CHARS_MAX) or "unknown",
        input_tokens=fresh(whole, read) + (signal.count("tool_token_count") or 0), cache_read_tokens=read,
        output_tokens=(output or 0) + (thoughts or 0), reasoning_tokens=thoughts, **ids,
    )  # fmt: skip
