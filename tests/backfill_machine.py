"""A connected laptop with files of agents on it, for tests of `tally backfill`, and what its server was sent."""

import json
from pathlib import Path
from typing import Any

from tests.listening_server import ListeningServer
from tests.transcripts import CANARY, Rollout, Transcript, call

Json = dict[str, Any]


class Machine:
    """`backfill` runs the command and gives its JSON."""

    def __init__(self, terminal: Any, listener: ListeningServer) -> None:
        self.terminal, self.listener = terminal, listener
        self.laptop, self.home = terminal.laptop, terminal.laptop.home
        self.laptop.connect(listener.url)

    def claude(self, name: str, *lines: bytes, mode: str = "wb") -> Path:
        path = self.home / ".claude" / "projects" / "-home-ann-widget" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode) as file:
            file.writelines(lines)
        return path

    def codex(self, name: str, rollout: Rollout) -> Path:
        path = self.home / ".codex" / "sessions" / "2026" / "05" / "01" / f"rollout-2026-05-01T10-{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(rollout.lines))
        return path

    def backfill(self, program: str, *options: str, code: int = 0) -> Json:
        done = self.terminal.run("backfill", program, "--json", *options)
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    @property
    def rows(self) -> dict[str, Json]:
        return {row.get("request_key") or row["fire_key"]: row for row in self.listener.rows.values()}

    def told(self) -> set[tuple[str, ...]]:
        """What the server was told in all, without the order."""
        return {tuple(map(str, sorted(row.items()))) for row in self.listener.rows.values()}


def session(name: str = "s1", prompts: int = 3, **envelope: object) -> Transcript:
    written = Transcript(name, **envelope)
    for number in range(prompts):
        written.prompt(f"{name}-p{number}")
        written.answer(f"msg_{name}_{number}", {"type": "thinking", "thinking": CANARY}, call(f"t_{name}_{number}"))
        written.result(f"t_{name}_{number}").answer(f"msg_{name}_{number}b", stop="end_turn")
    return written
