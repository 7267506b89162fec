"""A made-up corpus of Claude Code's transcripts, with the repeats that real ones have.

An answer is a line for each of its blocks, each with the usage as far as it had come; a fifth of the sessions begin
with a copy of half of another one, as a fork or a resumed session does; subagents have files of their own; tool results
are most of the bytes, twice over, and their sizes are spread as those of real tools are. The same seed gives the same
bytes.
"""

import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

BLOCK_CHARS = 400_000  # of made-up code, of which all contents are cut
BEGIN = datetime(2026, 2, 1, tzinfo=UTC)
SESSION_MEGABYTES = (0.3, 1, 2, 5, 12)
PROJECTS = 12
FORKED = 0.2
HOURLY = 0.3  # of the answers write to the cache for an hour, in part
FORMS = ('{}def {}(self) -> "{}":', '{}{} = {}["{}"]  # {}', "{}\t{} {} {}", '{}{{"{}": "{}"}}', "")  # lines of code
Json = dict[str, Any]


class Corpus:
    """`write(folder, megabytes)` fills `folder/projects` and gives what it wrote, in bytes."""

    def __init__(self, seed: int = 20260501) -> None:
        self._chance = random.Random(seed)  # noqa: S311  # chance, not secrecy
        self._words = [
            "".join(self._chance.choices("etaoinshrdlu_", k=self._chance.randint(2, 11))) for _ in range(4_000)
        ]
        self._code = "\n".join(self._line() for _ in range(BLOCK_CHARS // 40))
        self._now = BEGIN
        self._kept: list[Json] = []

    def write(self, folder: Path, megabytes: float) -> int:
        written = 0
        while written < megabytes * 1_000_000:
            written += self._session(folder)
        return written

    def _line(self) -> str:
        words = self._chance.choices(self._words, k=self._chance.randint(1, 9))
        form = self._chance.choice(FORMS)
        indent = "    " * self._chance.randint(0, 4)
        return form.format(indent, *words, *self._words[:4]) if form else ""

    def _text(self, size: float) -> str:
        size = max(1, min(int(size), 200_000))
        start = self._chance.randrange(len(self._code) - size - 1)
        return self._code[start : start + size]

    def _id(self, prefix: str) -> str:
        return f"{prefix}_01{self._chance.getrandbits(96):024x}"

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

    def _session(self, folder: Path) -> int:
        session = self._uuid()
        path = folder / "projects" / f"-home-ann-work-p{self._chance.randrange(PROJECTS)}" / f"{session}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        self._now = BEGIN + timedelta(minutes=self._chance.randrange(200_000))
        copied = [{**record, "sessionId": session} for record in self._kept] if self._chance.random() < FORKED else []
        wanted = self._chance.choice(SESSION_MEGABYTES) * 1_000_000
        # What a program writes about itself comes first, and tells a fork from what it was forked from.
        first = {"type": "queue-operation", "operation": "enqueue", "timestamp": self._moment(), "sessionId": session}
        with path.open("w") as file:
            size = sum(file.write(_raw(record)) for record in [first, *copied])
            self._kept = []
            while size < wanted:
                records = list(self._prompt(session, path))
                size += sum(file.write(_raw(record)) for record in records)
                if size < wanted / 2:
                    self._kept += records
        return path.stat().st_size

    def _moment(self) -> str:
        self._now += timedelta(milliseconds=self._chance.randint(20, 20_000))
        return self._now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def _record(self, session: str, before: Json, after: Json | None = None, *, agent: str | None = None) -> Json:
        return {
            "parentUuid": self._uuid(), "isSidechain": agent is not None, **before, "uuid": self._uuid(),
            "timestamp": self._moment(), **(after or {}), "userType": "external", "entrypoint": "cli",
            "cwd": "/home/ann/work/widget", "sessionId": session, "version": "2.1.197", "gitBranch": "trunk",
        }  # fmt: skip

    def _prompt(self, session: str, path: Path) -> Any:
        prompt = self._uuid()
        message = {"role": "user", "content": self._text(self._chance.lognormvariate(4.5, 1.2))}
        yield self._record(session, {"promptId": prompt, "type": "user", "message": message})
        for _ in range(self._chance.randint(2, 20)):
            yield from self._answer(session, prompt)
            if self._chance.random() < 0.15:
                kept = {"messageId": self._uuid(), "trackedFileBackups": {}, "timestamp": self._moment()}
                yield {"type": "file-history-snapshot", "messageId": kept["messageId"], "snapshot": kept}
        if self._chance.random() < 0.1:
            self._subagent(session, prompt, path)
        yield from self._answer(session, prompt, last=True)

    def _subagent(self, session: str, prompt: str, path: Path) -> None:
        agent = f"{self._chance.getrandbits(60):015x}"
        inner = path.with_suffix("") / "subagents" / f"agent-{agent}.jsonl"
        inner.parent.mkdir(parents=True, exist_ok=True)
        with inner.open("w") as file:
            for _ in range(self._chance.randint(2, 8)):
                file.writelines(_raw(record) for record in self._answer(session, prompt, agent=agent))

    def _answer(self, session: str, prompt: str, *, last: bool = False, agent: str | None = None) -> Any:
        """One request: a line for each block, and the result of its call."""
        key, request, call = self._id("msg"), self._id("req"), self._id("toolu")
        blocks: list[Json] = [{"type": "text", "text": self._text(self._chance.lognormvariate(5, 1))}]
        if self._chance.random() < 0.6:
            signature = f"{self._chance.getrandbits(2_000):0500x}"
            blocks.insert(0, {"type": "thinking", "thinking": self._text(800), "signature": signature})
        if not last:
            given = {"command": self._text(self._chance.lognormvariate(4.5, 1.3)), "description": self._text(40)}
            blocks.append({"type": "tool_use", "id": call, "name": "Bash", "input": given})
        for block, usage in zip(blocks, self._usages(len(blocks)), strict=True):
            message = {
                "id": key, "type": "message", "role": "assistant", "model": "claude-opus-4-8", "content": [block],
                "stop_reason": "end_turn" if last else None, "stop_sequence": None, "usage": usage,
            }  # fmt: skip
            around = {"agentId": agent} if agent else {}
            yield self._record(
                session, {**around, "message": message, "requestId": request, "type": "assistant"}, agent=agent
            )
        if not last:
            yield self._result(session, prompt, call, agent)

    def _result(self, session: str, prompt: str, call: str, agent: str | None) -> Json:
        said = self._text(self._chance.lognormvariate(7.0, 1.4))
        failed = self._chance.random() < 0.06
        block = {"tool_use_id": call, "type": "tool_result", "content": said, "is_error": failed}
        answer = f"Error: {said}" if failed else {"stdout": said, "stderr": "", "interrupted": False, "isImage": False}
        around = {"promptId": prompt, **({"agentId": agent} if agent else {})}
        before = {**around, "type": "user", "message": {"role": "user", "content": [block]}}
        return self._record(session, before, {"toolUseResult": answer}, agent=agent)

    def _usages(self, lines: int) -> list[Json]:
        """What each line of an answer says: the same but for the output, which is whole on the last one."""
        written, whole = self._chance.randint(0, 9_000), self._chance.randint(2, 3_000)
        hour = self._chance.randint(0, written) if self._chance.random() < HOURLY else 0
        fixed = {
            "input_tokens": self._chance.randint(1, 300), "cache_creation_input_tokens": written,
            "cache_read_input_tokens": self._chance.randint(0, 150_000),
            "cache_creation": {"ephemeral_5m_input_tokens": written - hour, "ephemeral_1h_input_tokens": hour},
            "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 0}, "service_tier": "standard",
        }  # fmt: skip
        said = [self._chance.randint(1, whole) for _ in range(lines - 1)]
        return [{**fixed, "output_tokens": output} for output in [*sorted(said), whole]]


def _raw(record: Json) -> str:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n"
