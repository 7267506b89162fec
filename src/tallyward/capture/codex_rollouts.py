"""Codex's rollouts: what each request took, by the growth of a counter, and each call, skill and turn.

A rollout tells the tokens of its thread as one sum that only grows, and tells it again and again. So a request is a
step of that sum, booked where it is seen to whatever turn is open, aborted or not; a sum that has not moved is no news,
and one that fell began anew. A fork begins with what its parent had taken: that is not its own. Older versions also
repeat the parent's records in the fork; those are passed over until the fork's own work begins.

Skills are no tool here: they are seen where a command reads a `SKILL.md`, and where a person named one. Of commands
nothing but that name is kept. An agent's row says how beginning it went; what became of it is in its own rollout.
"""

from datetime import datetime, timedelta

from tallyward.capture import _codex_records as meaning
from tallyward.capture._base import HANDLE_CHARS_MAX, mapping, text
from tallyward.capture._codex_skills import skills_read
from tallyward.capture._transcript import (
    KEY_CHARS_MAX,
    UNKNOWN_MODEL,
    Row,
    TranscriptReader,
    compact,
    moment,
    objects,
)

REPLAY_SECONDS = 1.0  # a fork's copies of its parent's records bear the moment of the fork
DONE_MAX = 20  # calls whose verdict may still come after their output
_CALLS = ("function_call", "custom_tool_call", "local_shell_call")
_OUTPUT = "_call_output"
_BARE = (*_CALLS, "message", *meaning.SILENT_ITEMS)  # as the first versions wrote items, without an envelope
_TURN_ENDS = {"task_complete": "success", "turn_complete": "success", "turn_aborted": "abandoned"}


class CodexRollouts(TranscriptReader):
    """The rollouts of Codex, of a thread, a fork or a subagent."""

    program = "codex-rollouts"

    def record(self, record: Row) -> None:
        """Read one record."""
        if "items" in record and "session" in record:
            self._flat(record)
            return
        kind, payload = record.get("type"), mapping(record.get("payload"))
        if kind == "session_meta" or (kind is None and "id" in record):
            self._session(record, payload or record)
        elif kind == "turn_context":
            self._turn(record, payload)
        elif kind == "event_msg":
            self._event(record, payload)
        elif kind == "token_usage_record":
            self._preview(record, payload)
        elif kind == "response_item" or (not payload and (kind in _BARE or str(kind).endswith(_OUTPUT))):
            self._item(record, payload or record)
        elif "record_type" not in record and (not isinstance(kind, str) or kind not in meaning.SILENT_TYPES):
            self.counts.unknown(kind)

    def end(self) -> None:
        """Book the request that no count has come for yet, and tell of open calls and of the turn as it stands."""
        preview: Row | None = self.state.pop("preview", None)
        if preview is not None and preview["total"] > (self.state.get("sum") or {"total": 0})["total"]:
            self._book(preview["sum"], preview["last"], preview["ts"], preview["turn"])
        self._programs_calls(self.state.get("ts") or self.facts.written_at)
        super().end()
        self._tell_of_turn()

    def _flat(self, document: Row) -> None:
        """A rollout of the first versions: one object, with neither counts nor moments of its records."""
        session = mapping(document.get("session"))
        self._session({"timestamp": session.get("timestamp")}, session)
        for item in objects(document.get("items")):
            self._item({"timestamp": session.get("timestamp")}, item)

    def _session(self, record: Row, meta: Row) -> None:
        """Whose rollout this is. Only the first one counts: a fork repeats those of its ancestors."""
        if "thread" in self.state:
            return
        git = mapping(meta.get("git"))
        place, url = self.facts.place(text(meta.get("cwd"))), git.get("repository_url")
        self.state |= meaning.session(meta)
        self.state["begun"] = self.moment_of(record.get("timestamp") or meta.get("timestamp"))
        self.state["about"] = compact(
            {
                "engineer_id": place.engineer_id,
                "runtime": self.facts.runtime(text(meta.get("originator")) or text(meta.get("source")) or ""),
                "repo": (self.facts.repo_of_url(url) if isinstance(url, str) else None) or place.repo,
                "branch": text(git.get("branch")),
                "session_id": text(meta.get("session_id"), HANDLE_CHARS_MAX) or self.state["thread"],
                "source": "transcript",
            }
        )

    def _is_own(self, record: Row, turn: object = None, total: int | None = None) -> bool:
        """Whether a record is of this thread's own work, and not a copy of its parent's."""
        if self.state.get("own", True):
            return True
        ordinal, own_from = record.get("ordinal"), self.state["own_from"]
        made, begun = meaning.made_at(turn), meaning.made_at(self.state["thread"])
        if isinstance(ordinal, int) and isinstance(own_from, int):
            own = ordinal >= own_from
        elif made is not None and begun is not None:
            own = made >= begun
        else:
            totals = self.facts.totals_of(self.state["parent"] or "") if total is not None else ()
            limit = datetime.fromisoformat(self.state["begun"]) + timedelta(seconds=REPLAY_SECONDS)
            ts = moment(record.get("timestamp"))
            own = total not in totals and (bool(totals) or ts is None or datetime.fromisoformat(ts) > limit)
        self.state["own"] = own
        return own

    def _turn(self, record: Row, payload: Row) -> None:
        """A turn begins or goes on: with which model, and under which id."""
        self.state["model"] = text(payload.get("model")) or self.state.get("model")
        turn_id = text(payload.get("turn_id"), HANDLE_CHARS_MAX)
        if not self._is_own(record, turn_id) or turn_id is None or self.state.get("turn") == turn_id:
            return
        self._tell_of_turn(over=True)
        self.state["turn"] = turn_id
        self.state["turn_row"] = None
        self.state["typed"] = []
        self.state["turn_status"] = "abandoned"

    def _event(self, record: Row, payload: Row) -> None:
        kind = payload.get("type")
        if kind == "token_count":
            self._count(record, payload)
        elif kind in ("task_started", "turn_started"):
            self._turn(record, payload)
        elif isinstance(kind, str) and kind in _TURN_ENDS:
            if self._is_own(record):
                self.state["turn_status"] = _TURN_ENDS[kind]
                self._programs_calls(self.moment_of(record.get("timestamp")))
                self._tell_of_turn(over=True)
        elif kind == "error":
            self.state["turn_status"] = "error"
        elif kind == "item_completed" or (isinstance(kind, str) and kind.endswith("_end")):
            self._verdict(record, payload)
        elif str(kind) not in meaning.SILENT_EVENTS and not str(kind).endswith(("_begin", "_delta", "_started")):
            self.counts.unknown(kind)

    def _count(self, record: Row, payload: Row) -> None:
        """The thread's sum, told again or grown."""
        info = mapping(payload.get("info"))
        told = mapping(info.get("total_token_usage"))
        if not told:
            return  # only the limits of the plan
        total = meaning.sum_of(told)
        if total != self.state.get("sum"):
            self.state.pop("preview", None)  # the sum holds it, or began anew after it
        if self._is_own(record, total=total["total"]):
            self._book(total, mapping(info.get("last_token_usage")), record.get("timestamp"), self.state.get("turn"))
        else:
            self.state["sum"] = total

    def _preview(self, record: Row, payload: Row) -> None:
        """A request's own report. The sum tells the same a little later, unless the turn is cut off before."""
        if payload.get("thread_id") == self.state.get("thread") and self._is_own(record, payload.get("turn_id")):
            total = meaning.sum_of(mapping(payload.get("thread_token_usage")))
            turn = text(payload.get("turn_id"), HANDLE_CHARS_MAX)
            self.state["preview"] = {
                "sum": total, "total": total["total"], "last": mapping(payload.get("usage")),
                "ts": record.get("timestamp"), "turn": turn,
            }  # fmt: skip

    def _book(self, total: Row, last: Row, timestamp: object, turn: str | None) -> None:
        """Book the growth of the sum as one request."""
        grown = meaning.minus(total, self._before(total, last))
        self.state["sum"] = total
        key = self.state.get("thread")
        if not any(grown.values()) or key is None:
            self.counts.requests += 1
            self.counts.unkeyed += key is None
            return
        about = {**self.state["about"], "ts": self.moment_of(timestamp), "prompt_id": turn,
                 "model": self.state.get("model") or UNKNOWN_MODEL}  # fmt: skip
        cached, written = grown["cached_input_tokens"], grown["cache_write_input_tokens"]
        counts = compact(
            {
                "input_tokens": max(0, grown["input_tokens"] - cached - written),
                "cache_read_tokens": cached,
                "cache_write_5m_tokens": written,
                "output_tokens": grown["output_tokens"],
                "reasoning_tokens": grown["reasoning_output_tokens"],
            }
        )
        # A subagent's exporter goes by its own thread, and the two shall be known for one.
        self.tell_usage(
            f"{key}:{self.state.get('base', 0) + total['total']}", compact({**about, "session_id": key}), counts
        )
        self._worked(about)

    def _before(self, total: Row, last: Row) -> Row:
        """The sum that this one has grown from. `last` is what the program says of the last request alone."""
        known: Row | None = self.state.get("sum")
        step = meaning.sum_of(last)
        if known is None:
            # The first sum of a fork holds what the parent took; what is its own is the last request.
            return meaning.minus(total, step if last else total) if self.state.get("forked") else meaning.sum_of({})
        if total["total"] >= known["total"]:
            return known
        self.state["base"] = self.state.get("base", 0) + known["total"]
        return meaning.minus(total, step) if last and step["total"] <= total["total"] else meaning.sum_of({})

    def _item(self, record: Row, item: Row) -> None:
        """What the model asked for, and what came of it."""
        kind = item.get("type")
        if kind in _CALLS:
            self._call(record, item)
        elif isinstance(kind, str) and kind.endswith(_OUTPUT):
            key = text(item.get("call_id"), KEY_CHARS_MAX)
            if key is not None and self._is_own(record):
                self._programs_calls(ts := self.moment_of(record.get("timestamp")))
                self._answer(key, meaning.outcome(item.get("output"), self._open.get(key)), ts)
        elif kind == "message":
            if item.get("role") == "assistant" and self._is_own(record):
                self._worked({**self.state.get("about", {}), "ts": self.moment_of(record.get("timestamp"))})
            self.state["typed"] = [*self.state.get("typed", []), *meaning.skills_typed(item, self.state.get("turn"))]
        elif not isinstance(kind, str) or kind not in meaning.SILENT_ITEMS:
            self.counts.unknown(kind)

    def _call(self, record: Row, item: Row) -> None:
        key = text(item.get("call_id") or item.get("id"), KEY_CHARS_MAX)
        tool = text(item.get("name") or ("local_shell" if item.get("type") == "local_shell_call" else None))
        given = meaning.arguments(item)
        if key is None or tool is None or meaning.is_program(tool, item, given):
            return
        kind, name = meaning.named(tool, text(item.get("namespace")) or "", given)
        self._made(record, key, kind, name, given)

    def _made(self, record: Row, key: str, kind: str, name: str, given: Row) -> None:
        """A call was made in the open turn."""
        if "about" not in self.state or not self._is_own(record):
            return
        about = {**self.state["about"], "ts": self.moment_of(record.get("timestamp"))}
        about |= {"prompt_id": self.state.get("turn"), "model": self.state.get("model")}
        row = {**about, "fire_key": key, "kind": kind, "skill_name": name, "status": "abandoned"}
        self._worked(about)
        skills = skills_read(given.get("cmd") or given.get("command")) if name == "Bash" else []
        if skills:
            row["skills"] = skills  # rows of their own, when it is known how the reading went
        self.call(key, compact(row))

    def _answer(self, key: str, status: str | None, ts: str) -> None:
        verdict: Row = self.state.setdefault("verdicts", {}).pop(key, {})
        self.result(key, {"ts": ts, **verdict, "status": status and verdict.get("status", status)})

    def closed(self, row: Row, known: Row) -> Row:
        """The call with its result, and beside it the skills that it read."""
        row = {**row, **known}
        skills: list[str] = row.pop("skills", [])
        done: dict[str, Row] = self.state.setdefault("done", {})
        done[row["fire_key"]] = row
        while len(done) > DONE_MAX:
            del done[next(iter(done))]
        for skill in skills:
            key = f"{row.get('session_id')}:{row.get('prompt_id', '')}:{skill}"
            self.tell_fire({**row, "fire_key": key, "kind": "skill", "skill_name": skill}, closed=True)
        return row

    def _verdict(self, record: Row, told: Row) -> None:
        """The program's own word on a call, which may come before the output or after it, or be all there is."""
        item = mapping(told.get("item")) or told
        key = text(item.get("call_id") or item.get("id"), KEY_CHARS_MAX)
        if key is None:
            return
        said, called = meaning.verdict(told, item), meaning.called(item)
        done: dict[str, Row] = self.state.setdefault("done", {})
        verdicts: dict[str, Row] = self.state.setdefault("verdicts", {})
        if key in done and said:
            self.tell_fire({**done.pop(key), **said}, closed=True)
        elif key not in done and key not in self._open and called is not None:
            self._made(record, key, *called, item)
            self.state.setdefault("inner", {})[key] = {"status": "success", **said}
        elif said and len(verdicts) < DONE_MAX:
            verdicts[key] = said

    def _programs_calls(self, ts: str) -> None:
        """The calls that a program of the model made are over with it. Hooks tell of them until then."""
        for key, said in self.state.pop("inner", {}).items():
            self.result(key, {"ts": ts, **said})

    def _worked(self, about: Row) -> None:
        """The model worked on the open turn: from now on it is worth a row."""
        if self.state.get("turn") and not self.state.get("turn_row") and not self.state.get("subagent"):
            self.state["turn_row"] = compact({**about, "model": self.state.get("model")})

    def _tell_of_turn(self, *, over: bool = False) -> None:
        """Tell of the open turn, if a model worked on it and a person asked for it."""
        row: Row = self.state.get("turn_row") or {}
        turn = self.state.get("turn")
        if not turn or "session_id" not in row:
            return
        status = self.state.get("turn_status", "abandoned")
        for kind, name in [("session", "session"), *(("skill", name) for name in self.state.get("typed", []))]:
            key = f"{row['session_id']}:{turn}:{name}"
            told = {**row, "prompt_id": turn, "fire_key": key, "kind": kind, "skill_name": name, "status": status}
            if kind == "skill":
                told["ts"] = self.state.get("ts", row["ts"])  # a hook tells of it at the end of the turn
            self.tell_prompt(told, closed=over or status != "abandoned")
