"""Claude Code's transcripts: what each request took, and each call, skill and prompt that a hook may have missed.

One answer of the model stands on several lines, one for each block of its content, each with the usage as far as it
had come; and again in every file that was resumed or forked from this one. So usage goes by the message's id and takes
the greatest of each count. Calls go by the id that the hooks send too, prompts by the hooks' own key, and both are told
of as a hook tells of them, so that after live capture nothing is new.

The moment of a call is that of its result, and the moment of a prompt that of its first answer: a hook always spoke
before, and the earliest word holds. Of what people and tools said only a few fixed phrases of the program are
recognised (that a call was refused, that a command was typed); nothing of it is kept.
"""

from typing import Any

from tallyward.capture._base import HANDLE_CHARS_MAX, NAME_CHARS_MAX, mapping, text
from tallyward.capture._claude_quick import SURROUNDINGS, PlainAnswer, plain_answer, plain_result
from tallyward.capture._claude_records import (
    FORBIDDEN,
    REFUSED,
    measured,
    named,
    outcome,
    service_tier,
    text_of,
    typed_command,
    usage_counts,
    without_permission,
)
from tallyward.capture._transcript import (
    KEY_CHARS_MAX,
    UNKNOWN_MODEL,
    Facts,
    Row,
    State,
    TranscriptReader,
    compact,
    decoded,
    objects,
)

SYNTHETIC_MODEL = "<synthetic>"
TEXTS_MAX = 100  # models, that is; nobody has more
ENDINGS = ("end_turn", "stop_sequence", "max_tokens", "refusal")
# Records that tell nothing about work: kept by the program for itself.
SILENT_TYPES = frozenset({
    "agent-color", "agent-name", "agent-setting", "ai-title", "attachment", "attribution-snapshot", "bridge-session",
    "content-replacement", "continued-in", "custom-title", "file-history-snapshot", "last-prompt", "mode",
    "permission-mode", "pr-link", "queue-operation", "speculation-accept", "summary", "system", "tag", "task-summary",
    "worktree-state",
})  # fmt: skip
_OF_AN_AGENT = ("model", "input_tokens", "output_tokens")  # the result of any other tool has numbers of its own


class ClaudeTranscripts(TranscriptReader):
    """The transcripts of Claude Code, of a session or of one of its subagents."""

    program = "claude-transcripts"

    def __init__(self, facts: Facts, state: State | None = None) -> None:
        super().__init__(facts, state)
        self._known_envelopes: dict[tuple[Any, ...], Row] = {}
        self._known_surroundings: dict[str, Row | None] = {}
        self._known_texts: dict[Any, str | None] = {}

    def line(self, raw: bytes) -> None:
        """Read one line, or as much of it as is needed."""
        result = plain_result(raw)
        if result is not None:
            self.counts.lines += 1
            key, self.state["prompt_id"], timestamp = result
            ts = self.moment_of(timestamp)
            self.result(key, {"ts": ts, "prompt_id": self.state["prompt_id"], "status": "success"})
            return
        answer = plain_answer(raw)
        envelope = None if answer is None or answer.model == SYNTHETIC_MODEL else self._surroundings(answer.around)
        if answer is None or envelope is None:
            super().line(raw)
            return
        self.counts.lines += 1
        self._words(answer, envelope)

    def end(self) -> None:
        """Tell of the calls that have no result, and of the prompt as it stands."""
        super().end()
        self._tell_of_prompt()

    def record(self, record: Row) -> None:
        """Read one record."""
        kind = record.get("type")
        if kind == "assistant":
            self._answer(record)
        elif kind == "user":
            self._user(record)
        elif kind == "progress":
            inner = mapping(mapping(record.get("data")).get("message"))
            if inner.get("type") in ("assistant", "user"):  # a subagent's record, repeated in its parent's file
                self.record({**record, **inner, "isSidechain": True})
        elif not isinstance(kind, str) or kind not in SILENT_TYPES:
            self.counts.unknown(kind)

    def _envelope(self, record: Row) -> Row:
        """What every row of a record says of where and who."""
        key = (record.get("sessionId"), record.get("cwd"), record.get("gitBranch"), record.get("entrypoint"))
        try:
            known = self._known_envelopes.get(key)
        except TypeError:  # an object or a list where a name should be
            return self._envelope({"sessionId": text(record.get("sessionId"))})
        if known is None:
            session_id, directory, branch, entry = (part if isinstance(part, str) else None for part in key)
            place = self.facts.place(directory)
            branch = text(branch)
            known = self._known_envelopes[key] = compact(
                {
                    "engineer_id": place.engineer_id,
                    "runtime": self.facts.runtime(entry or ""),
                    "repo": place.repo,
                    "branch": None if branch == "HEAD" else branch,  # detached
                    "session_id": text(session_id, HANDLE_CHARS_MAX),
                    "source": "transcript",
                }
            )
        return known

    def _surroundings(self, around: str) -> Row | None:
        """What the text around an answer says of where and who; None if it says more than that."""
        try:
            return self._known_surroundings[around]
        except KeyError:
            said = decoded("{" + around)
            known = self._envelope(said) if said is not None and said.keys() <= SURROUNDINGS else None
            self._known_surroundings[around] = known
            return known

    def _words(self, answer: PlainAnswer, envelope: Row) -> None:
        """A line of an answer with nothing in it but words."""
        about = self._about(envelope, answer.timestamp, answer.model, self.state.get("prompt_id"))
        counts = usage_counts(answer.usage)
        if counts:
            tier = service_tier(answer.usage)
            self.tell_usage(answer.key, about if tier is None else {**about, "service_tier": tier}, counts)
        is_last = answer.stop_reason in ENDINGS or (answer.is_text and answer.stop_reason is None)
        self._answered(about, "success" if is_last else "abandoned", is_sidechain=answer.is_sidechain)

    def _answer(self, record: Row) -> None:
        """One line of an answer: its usage so far, the calls in it, and what it means for the prompt."""
        message = mapping(record.get("message"))
        model = message.get("model")
        if model == SYNTHETIC_MODEL:
            self.counts.synthetic += 1
            if record.get("isApiErrorMessage") is True:
                about = {**self._envelope(record), "ts": self.moment_of(record.get("timestamp"))}
                self._answered(about, "error", is_sidechain=record.get("isSidechain") is True)
            return
        about = self._about(self._envelope(record), record.get("timestamp"), model, self._prompt_id(record))
        self._usage(record, message, about)
        calls, status = 0, "success" if message.get("stop_reason") in ENDINGS else "abandoned"
        for block in objects(message.get("content")):
            kind = block.get("type")
            if kind == "tool_use":
                calls += 1
                self._call(block, about)
            elif kind == "text" and message.get("stop_reason") is None:
                # Older versions write a line before they know why the answer stopped: a text may be the last one.
                status = "success"
        is_sidechain = record.get("isSidechain") is True
        self._answered(about, "abandoned" if calls else status, is_sidechain=is_sidechain)

    def _about(self, envelope: Row, timestamp: object, model: object, prompt_id: str | None) -> Row:
        """What every row of a line of an answer says; nothing in it is empty."""
        about = {**envelope, "ts": self.moment_of(timestamp), "model": self._text(model) or UNKNOWN_MODEL}
        if prompt_id is not None:
            about["prompt_id"] = prompt_id
        return about

    def _text(self, value: object) -> str | None:
        """`text` of a value that comes again and again."""
        try:
            return self._known_texts[value]
        except (KeyError, TypeError):
            found = text(value)
            if isinstance(value, str) and len(self._known_texts) < TEXTS_MAX:
                self._known_texts[value] = found
            return found

    def _prompt_id(self, record: Row) -> str | None:
        named = record.get("promptId")
        if named is not None:
            named = text(named, HANDLE_CHARS_MAX)
        if named is not None:
            self.state["prompt_id"] = named
        return named or self.state.get("prompt_id")

    def _usage(self, record: Row, message: Row, about: Row) -> None:
        usage = mapping(message.get("usage"))
        counts = usage_counts(usage)
        if not counts:
            return
        key = message.get("id") or record.get("requestId") or record.get("uuid")
        key = text(key, KEY_CHARS_MAX)
        if key is None:
            self.counts.unkeyed += 1
            return
        skill, tier = record.get("attributionSkill"), service_tier(usage)
        skill = text(skill, NAME_CHARS_MAX)
        if skill is not None:
            about = {**about, "skill_name": skill}
        if tier is not None:
            about = {**about, "service_tier": tier}
        self.tell_usage(key, about, counts)

    def _call(self, block: Row, about: Row) -> None:
        """A call of a tool: remembered until its result is known."""
        key, tool = text(block.get("id"), KEY_CHARS_MAX), text(block.get("name"), NAME_CHARS_MAX)
        if key is None or tool is None:
            return
        given = mapping(block.get("input"))
        kind, name = named(tool, given)
        row = {**about, "fire_key": key, "kind": kind, "skill_name": name, "status": "abandoned"}
        arg_hash = self.facts.fingerprint(block["input"]) if "input" in block else None
        if arg_hash is not None:
            row["arg_hash"] = arg_hash
        self.call(key, row)

    def _user(self, record: Row) -> None:
        """A prompt, or the results of calls."""
        message = mapping(record.get("message"))
        content: Any = message.get("content")
        blocks = objects(content)
        results = [block for block in blocks if block.get("type") == "tool_result"]
        for block in results:
            # The sibling that says more belongs to the one result of its record.
            self._result(record, block, record.get("toolUseResult") if len(results) == 1 else None)
        if not results:
            said = content if isinstance(content, str) else next((text_of(block) for block in blocks), "")
            self._prompt(record, said)

    def _result(self, record: Row, block: Row, answer: object) -> None:
        key = text(block.get("tool_use_id"), KEY_CHARS_MAX)
        if key is None:
            return
        known = {
            "ts": self.moment_of(record.get("timestamp")),
            "prompt_id": self._prompt_id(record),
            "status": outcome(block, mapping(answer)),
            **measured(mapping(answer)),
        }
        self.result(key, known)

    def result(self, key: str, known: Row) -> None:
        """What came of a call, when it is known what was called."""
        if known.get("status") == FORBIDDEN and key in self._open:
            known = {**known, "status": without_permission(self._open[key])}
        super().result(key, known)

    def closed(self, row: Row, known: Row) -> Row:
        """The call with its result. Only an agent's says what its work took."""
        if row["kind"] != "agent":
            known = {name: value for name, value in known.items() if name not in _OF_AN_AGENT}
        return {**row, **known}

    def _prompt(self, record: Row, said: str) -> None:
        """A new prompt begins, so the one before it is over."""
        if record.get("isMeta") is True or record.get("isCompactSummary") is True:
            return
        if said.startswith(REFUSED):
            if "prompt" in self.state:
                self.state["prompt"]["status"] = "abandoned"
            return
        prompt_id = self._prompt_id(record)
        known: Row = self.state.get("prompt") or {}
        if record.get("isSidechain") is True or prompt_id is None or known.get("id") == prompt_id:
            return
        self._tell_of_prompt(over=True)
        self.state["prompt"] = {"id": prompt_id, "command": typed_command(said)}

    def _answered(self, about: Row, status: str, *, is_sidechain: bool) -> None:
        """The open prompt was answered, and this is how it stands."""
        prompt: Row | None = self.state.get("prompt")
        if prompt is None or is_sidechain:
            return
        prompt["status"] = status
        if "row" not in prompt:
            prompt["row"] = compact({**about, "prompt_id": prompt["id"]})

    def _tell_of_prompt(self, *, over: bool = False) -> None:
        """Tell of the open prompt, if a model worked on it: what the program answers by itself is no work."""
        prompt: Row = self.state.get("prompt") or {}
        row = prompt.get("row")
        if row is None or "session_id" not in row:
            return
        names = [("session", "session")]
        if prompt["command"]:
            names.append(("mcp" if prompt["command"].startswith("mcp__") else "skill", prompt["command"]))
        for kind, name in names:
            key = f"{row['session_id']}:{prompt['id']}:{name}"
            told = {**row, "fire_key": key, "kind": kind, "skill_name": name, "status": prompt["status"]}
            self.tell_prompt(told, closed=over or prompt["status"] != "abandoned")
