"""A database in the shape of opencode's, with the columns that are read and one that is not."""

import json
import sqlite3
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE session (id text PRIMARY KEY, parent_id text, directory text, title text);
CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, time_updated integer, data text);
CREATE TABLE part (
    id text PRIMARY KEY, message_id text, session_id text, time_created integer, time_updated integer, data text
);
"""


class Database:
    """`add` puts a row in or in place of one; `time` counts up, in milliseconds of 2026-05-01."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.time = 1_777_629_600_000
        self._db = sqlite3.connect(path)
        self._db.executescript(f"PRAGMA journal_mode = WAL; {_TABLES}")
        self._db.execute("INSERT INTO session VALUES ('ses_1', NULL, '/home/ann/widget', 'canary')")

    def message(self, key: str, **data: Any) -> "Database":
        self.time += 1
        row = (key, "ses_1", self.time, self.time, json.dumps(data))
        self._write("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?)", row)
        return self

    def part(self, key: str, message: str, **data: Any) -> "Database":
        self.time += 1
        row = (key, message, "ses_1", self.time, self.time, json.dumps(data))
        self._write("INSERT OR REPLACE INTO part VALUES (?, ?, ?, ?, ?, ?)", row)
        return self

    def answered(self, number: int) -> "Database":
        """A prompt, and an answer of one step with one call."""
        asked, answer = f"msg_{number}a", f"msg_{number}b"
        self.message(asked, role="user")
        self.message(answer, role="assistant", parentID=asked, modelID="claude-opus-4-8", finish="stop")
        self.part(
            f"prt_{number}a", answer, type="tool", callID=f"c{number}", tool="bash", state={"status": "completed"}
        )
        tokens = {"input": 100, "output": 5, "cache": {"read": 7, "write": 2}}
        return self.part(f"prt_{number}b", answer, type="step-finish", tokens=tokens, cost=0.5)

    def close(self) -> None:
        self._db.close()

    def _write(self, statement: str, row: tuple[Any, ...]) -> None:
        self._db.execute(statement, row)
        self._db.commit()
