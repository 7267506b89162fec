"""Small transcripts and rollouts in our own words, shaped as the agent programs write them. All content is a canary."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tallyward.capture._transcript import Facts, Place, Told

CANARY = "canary"
BEGIN = datetime(2026, 5, 1, 10, 0, 0, tzinfo=UTC)
PLACE = Place("acme/widget", "trunk", "ann")
FACTS = Facts(
    runtime=lambda origin: {"cli": "claude-code-cli", "codex_exec": "codex-cli"}.get(origin, "local-job"),
    place=lambda directory: PLACE if directory == "/home/ann/widget" else Place(),
    repo_of_url=lambda url: url.removeprefix("https://github.com/").removesuffix(".git"),
    fingerprint=lambda arguments: f"hmac-sha256:{len(json.dumps(arguments))}",
    written_at="2026-06-01T00:00:00.000000Z",
)
USAGE = {
    "input_tokens": 1_000,
    "cache_creation_input_tokens": 200,
    "cache_read_input_tokens": 3_000,
    "output_tokens": 50,
}
Json = dict[str, Any]


def at(seconds: float) -> str:
    """A moment some seconds after the begin, as agents write it."""
    return (BEGIN + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def raw(record: Json) -> bytes:
    """A line, written without spaces as the programs do."""
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def usage_rows(told: list[Told]) -> list[Json]:
    return [one.row for one in told if one.to == "usage"]


def fires(told: list[Told]) -> list[Json]:
    return [one.row for one in told if one.to == "trace"]


class Transcript:
    """A session of Claude Code, written a record at a time."""

    def __init__(self, session: str = "s1", *, sidechain: bool = False, start: float = 0.0, **envelope: object) -> None:
        self.lines: list[bytes] = []
        self._now = start
        self._prompt = ""
        self._sidechain = sidechain
        self._envelope: Json = {
            "userType": "external", "entrypoint": "cli", "cwd": "/home/ann/widget", "sessionId": session,
            "version": "2.1.197", "gitBranch": "feature", **envelope,
        }  # fmt: skip

    def add(self, record: Json, **last: object) -> "Transcript":
        """Add a record with what stands around it."""
        self._now += 1
        uuid = f"00000000-0000-4000-8000-{len(self.lines):012d}"
        around: Json = {"uuid": uuid, "timestamp": at(self._now), **last, **self._envelope}
        self.lines.append(raw({"parentUuid": None, "isSidechain": self._sidechain, **record, **around}))
        return self

    def prompt(self, prompt: str = "p1", said: str = f"please {CANARY}", **more: object) -> "Transcript":
        self._prompt = prompt
        return self.add({"promptId": prompt, "type": "user", "message": {"role": "user", "content": said}}, **more)

    def answer(
        self,
        message: str,
        *blocks: Json,
        usage: Json | None = None,
        stop: str | None = None,
        inner: Json | None = None,
        **more: object,
    ) -> "Transcript":
        """One line for each block, as the program writes them; a word in place of none."""
        for block in blocks or ({"type": "text", "text": CANARY},):
            whole = {
                "id": message, "type": "message", "role": "assistant", "model": "claude-opus-4-8", "content": [block],
                "stop_reason": stop, "usage": USAGE if usage is None else usage, **(inner or {}),
            }  # fmt: skip
            self.add({"message": whole, "type": "assistant"}, **more)
        return self

    def result(self, call: str, content: object = CANARY, answer: object = None, **block: object) -> "Transcript":
        inner = {"tool_use_id": call, "type": "tool_result", "content": content, **block}
        record = {"promptId": self._prompt, "type": "user", "message": {"role": "user", "content": [inner]}}
        return self.add(record, toolUseResult={"stdout": CANARY, "interrupted": False} if answer is None else answer)


def call(key: str, tool: str = "Bash", **given: object) -> Json:
    """A call of a tool, as it stands in an answer."""
    return {"type": "tool_use", "id": key, "name": tool, "input": given or {"command": CANARY}}


class Rollout:
    """A thread of Codex, written a record at a time."""

    def __init__(self, thread: str = "t1", start: float = 0.0, **meta: object) -> None:
        self.lines: list[bytes] = []
        self._now = start
        self.add("session_meta", {
            "id": thread, "timestamp": at(start), "cwd": "/home/ann/widget", "originator": "codex_exec",
            "source": "exec", "base_instructions": {"text": CANARY},
            "git": {"repository_url": "https://github.com/acme/widget.git", "branch": "feature"}, **meta,
        })  # fmt: skip

    def add(self, kind: str, payload: Json, seconds: float = 1.0, **more: object) -> "Rollout":
        self._now += seconds
        self.lines.append(raw({"timestamp": at(self._now), "type": kind, "payload": payload, **more}))
        return self

    def event(self, kind: str, **payload: object) -> "Rollout":
        return self.add("event_msg", {"type": kind, **payload})

    def turn(self, turn: str = "turn-1", model: str = "gpt-5.4") -> "Rollout":
        self.event("task_started", turn_id=turn)
        return self.add("turn_context", {"turn_id": turn, "model": model, "cwd": "/home/ann/widget"})

    def count(self, fresh: int, cached: int = 0, output: int = 0, last: Json | None = None, **more: int) -> "Rollout":
        """The thread's sum so far: `fresh` and `cached` together are its input."""
        return self.event("token_count", info={"total_token_usage": sums(fresh, cached, output, **more),
                                               **({"last_token_usage": last} if last else {})})  # fmt: skip

    def call(self, key: str, tool: str = "exec_command", output: object = f"{CANARY}\n", **given: object) -> "Rollout":
        arguments = json.dumps(given or {"cmd": f"echo {CANARY}"})
        self.add("response_item", {"type": "function_call", "name": tool, "call_id": key, "arguments": arguments})
        return self.add("response_item", {"type": "function_call_output", "call_id": key, "output": output})


def sums(fresh: int, cached: int = 0, output: int = 0, reasoning: int = 0, written: int = 0) -> Json:
    whole = fresh + cached + written
    return {
        "input_tokens": whole, "cached_input_tokens": cached, "cache_write_input_tokens": written,
        "output_tokens": output, "reasoning_output_tokens": reasoning, "total_tokens": whole + output,
    }  # fmt: skip
