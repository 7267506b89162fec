"""opencode's store: what each step of an answer took, with the cost the program itself reckoned, and each call.

A step that finished carries its own usage; an answer is the sum of its steps, and the sums that stand beside them (of
the answer, of the session) say the same again and are not read. There are no hooks for this program, so what its store
says is all that is known: calls with their duration, and a row per prompt.

A record is one row of the store: `{"table": "part" | "message", "id", "session_id", "parent_id", "directory", "time",
"data", "message", "asked"}`. `data` is the row's own JSON, `message` that of the answer a part belongs to, and `asked`
the moment of the prompt that an answer belongs to.
"""

import json
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from tallyward.capture._base import HANDLE_CHARS_MAX, NAME_CHARS_MAX, count, mapping, text
from tallyward.capture._transcript import KEY_CHARS_MAX, UNKNOWN_MODEL, Row, TranscriptReader, compact, number

COST_MICROS_MAX = (2**31 - 1) * 10_000  # the server's limit
MICROS_PER_DOLLAR = 1_000_000
# Parts that tell nothing about work.
SILENT_PARTS = frozenset({
    "agent", "compaction", "file", "patch", "reasoning", "retry", "snapshot", "step-start", "subtask", "text",
})  # fmt: skip
NOT_MADE = "invalid"  # the tool that the program puts in the place of one that does not exist
_OUTCOMES = {"completed": "success", "error": "error"}


class OpencodeStore(TranscriptReader):
    """The rows of opencode's database."""

    program = "opencode"

    def record(self, record: Row) -> None:
        """Read one row of the store."""
        data = _object(record.get("data"))
        if record.get("table") == "message":
            self._message(record, data)
            return
        kind = data.get("type")
        if kind == "step-finish":
            self._step(record, data)
        elif kind == "tool":
            self._call(record, data)
        elif not isinstance(kind, str) or kind not in SILENT_PARTS:
            self.counts.unknown(kind)

    def _about(self, record: Row, message: Row, when: object) -> Row:
        """What every row says of where, who and when."""
        place = self.facts.place(text(record.get("directory")))
        return {
            "ts": self.moment_of(when or record.get("time")),
            "engineer_id": place.engineer_id,
            "runtime": self.facts.runtime(""),
            "repo": place.repo,
            "session_id": text(record.get("session_id"), HANDLE_CHARS_MAX),
            "prompt_id": text(message.get("parentID"), HANDLE_CHARS_MAX),
            "model": text(message.get("modelID")) or UNKNOWN_MODEL,
            "source": "transcript",
        }

    def _step(self, record: Row, data: Row) -> None:
        """A step of an answer finished: one request."""
        key = text(record.get("id"), KEY_CHARS_MAX)
        if key is None:
            self.counts.unkeyed += 1
            return
        about = self._about(record, _object(record.get("message")), record.get("time"))
        counts = {**_counts(mapping(data.get("tokens"))), "reported_cost_micros": _micros(data.get("cost"))}
        self.tell_usage(key, compact(about), compact(counts))

    def _call(self, record: Row, data: Row) -> None:
        """A call, as far as it has come."""
        key, tool = text(data.get("callID"), KEY_CHARS_MAX), text(data.get("tool"), NAME_CHARS_MAX)
        if key is None or tool is None:
            return
        if tool == NOT_MADE:
            self.counts.rejected_calls += 1
            return
        state = mapping(data.get("state"))
        time, metadata = mapping(state.get("time")), mapping(state.get("metadata"))
        status = _OUTCOMES.get(str(state.get("status")), "abandoned")
        kind, name = _named(tool, mapping(state.get("input")))
        row = {
            **self._about(record, _object(record.get("message")), time.get("start")),
            "fire_key": key,
            "kind": kind,
            "skill_name": name,
            "status": "error" if status == "success" and number(metadata.get("exit")) else status,
            "latency_ms": _elapsed(time.get("start"), time.get("end")),
            "arg_hash": self.facts.fingerprint(state["input"]) if "input" in state else None,
        }
        self.tell_fire(compact(row), closed=status != "abandoned")

    def _message(self, record: Row, data: Row) -> None:
        """An answer: the prompt it belongs to was worked on. A subagent's prompt is nobody's."""
        if data.get("role") != "assistant" or record.get("parent_id"):
            return
        row = self._about(record, data, record.get("asked") or mapping(data.get("time")).get("created"))
        session, prompt = row["session_id"], row["prompt_id"]
        if session is None or prompt is None:
            return
        failed = mapping(data.get("error")).get("name")
        status = "success" if data.get("finish") == "stop" else "abandoned"
        if failed is not None and failed != "MessageAbortedError":
            status = "error"
        row |= {"fire_key": f"{session}:{prompt}:session", "kind": "session", "skill_name": "session", "status": status}
        self.tell_prompt(compact(row), closed=status != "abandoned")


def _object(value: object) -> Row:
    """An object that the store keeps as text."""
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    return mapping(value)


def _counts(tokens: Row) -> Row:
    """The counts of a step. Reasoning stands beside the output here, and is part of it in the ledger."""
    cache = mapping(tokens.get("cache"))
    read, written = number(cache.get("read")), number(cache.get("write"))
    fresh, output = number(tokens.get("input")), number(tokens.get("output"))
    reasoning = number(tokens.get("reasoning"))
    # A total that is complete without the reasoning says that this provider's output holds it already.
    beside = number(tokens.get("total")) != fresh + output + read + written
    return {
        "input_tokens": fresh,
        "cache_read_tokens": read,
        "cache_write_5m_tokens": written,
        "output_tokens": output + reasoning if beside else output,
        "reasoning_tokens": reasoning,
    }


def _elapsed(begun: object, ended: object) -> int | None:
    return count(ended - begun) if isinstance(begun, int) and isinstance(ended, int) else None


def _micros(dollars: object) -> int | None:
    """Dollars in millionths, half up."""
    if isinstance(dollars, bool) or not isinstance(dollars, int | float | str):
        return None
    try:
        micros = int((Decimal(str(dollars)) * MICROS_PER_DOLLAR).to_integral_value(ROUND_HALF_UP))
    except (InvalidOperation, ValueError, OverflowError):
        return None
    return micros if 0 <= micros <= COST_MICROS_MAX else None


def _named(tool: str, given: Row) -> tuple[str, str]:
    """Kind and name of what a call really is."""
    if tool == "skill":
        return "skill", text(given.get("name"), NAME_CHARS_MAX) or tool
    if tool == "task":
        return "agent", text(given.get("subagent_type"), NAME_CHARS_MAX) or tool
    return "tool", tool
