"""What a backfill remembers: how far each file was read, and which rows the server has.

One SQLite file per ledger, in `backfill/` of the laptop's folder. A slice of a file is written down only after the
server has confirmed its rows, and all of it at once, so whoever pulls the plug loses nothing and sends little twice.
Rows are remembered as numbers made of their keys and contents, and files by their name's digest: no content is in here.

The rows are what makes a fork's copies harmless: whoever told of a thing first keeps it.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

from tallyward.client import home

FORMAT = 1  # a file of another format is begun anew: the server knows what it has
HEAD_BYTES = 1_024  # a file whose beginning has changed is another file
_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    name BLOB PRIMARY KEY, head BLOB, head_bytes INTEGER, size INTEGER, written_ns INTEGER, offset INTEGER,
    ended INTEGER, since TEXT, state TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (number INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS told (key INTEGER PRIMARY KEY, content INTEGER, session INTEGER, closed INTEGER);
"""

Row = dict[str, Any]
# What may still change about a row that was told: its amounts and its outcome.
_AMOUNTS = (
    "input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens",
    "reasoning_tokens", "web_search_requests", "reported_cost_micros", "latency_ms",
)  # fmt: skip
_OUTCOMES = ("abandoned", "success", "error")


class Told(Protocol):
    """A row that a reader tells of (`capture/_transcript.py`)."""

    @property
    def to(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def row(self) -> Row: ...
    @property
    def closed(self) -> bool: ...
    @property
    def of_prompt(self) -> bool: ...


@dataclass
class Progress:
    """How far a file was read, and what its reader has to know to go on."""

    size: int = 0
    written_ns: int = 0
    offset: int = 0
    ended: bool = False
    since: str = ""
    state: Row = field(default_factory=dict[str, Any])


@dataclass
class News:
    """The rows of a slice that the server does not have, and what to remember once it has them."""

    rows: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])
    remember: list[tuple[int, int, str | None, bool]] = field(default_factory=list[tuple[int, int, str | None, bool]])
    folded: int = 0  # rows that are known already
    older: int = 0  # rows of before the moment that was asked for


def path_of(root: str, ledger: Sequence[str | None]) -> str:
    """Where the memory of one ledger lies. A ledger that was made anew is another one."""
    name = hashlib.blake2b(json.dumps(ledger).encode(), digest_size=8).hexdigest()
    return f"{home.make_folder(root, 'backfill')}/{name}.sqlite"


class BackfillState:
    """`with BackfillState(path) as state:` opens the memory, and makes it if there is none."""

    def __init__(self, path: str) -> None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        if self._db.execute("PRAGMA user_version").fetchone()[0] != FORMAT:
            self._db.executescript(
                "DROP TABLE IF EXISTS files; DROP TABLE IF EXISTS sessions; DROP TABLE IF EXISTS told;"
            )
            self._db.executescript(f"{_SCHEMA} PRAGMA user_version = {FORMAT};")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def progress(self, path: Path, size: int, since: str) -> Progress:
        """How far this file was read; from the beginning if it is a new one, or was read for a later time only."""
        row = self._db.execute(
            "SELECT head, head_bytes, size, written_ns, offset, ended, since, state FROM files WHERE name = ?",
            (_name(path),),
        ).fetchone()
        if row is None:
            return Progress()
        head, head_bytes, known_size, written_ns, offset, ended, known_since, state = row
        if known_since > since or size < offset or _head(path, head_bytes) != head:
            return Progress()
        return Progress(known_size, written_ns, offset, bool(ended), known_since, json.loads(state))

    def news(self, told: Iterable[Told], since: str) -> News:
        """What of these rows is new, each under the session that was the first to tell of it."""
        told = list(told)
        wanted = [one for one in told if str(one.row["ts"]) >= since]
        keys = [_number(one.key) for one in wanted]
        known = self._known(keys)
        news = News(older=len(told) - len(wanted))
        for key, one in zip(keys, wanted, strict=True):
            row = _unless_known(one, known.get(key))
            if row is None:
                news.folded += 1
                continue
            news.rows.setdefault(one.to, []).append(row)
            news.remember.append((key, _content(row), row.get("session_id"), one.closed))
        return news

    def _known(self, keys: Sequence[int]) -> Mapping[int, tuple[int, str | None, bool]]:
        found = self._db.execute(
            "SELECT key, content, name, closed FROM told LEFT JOIN sessions ON number = session "
            "WHERE key IN (SELECT value FROM json_each(?))",
            (json.dumps(keys),),
        )
        return {key: (content, session, bool(closed)) for key, content, session, closed in found}

    def commit(self, path: Path, progress: Progress, news: News) -> None:
        """Write down that the server has these rows, and that the file was read so far."""
        head_bytes = min(HEAD_BYTES, progress.size)
        self._db.execute("BEGIN")
        sessions = {(session,) for _, _, session, _ in news.remember if session is not None}
        self._db.executemany("INSERT OR IGNORE INTO sessions (name) VALUES (?)", sessions)
        self._db.executemany(
            "INSERT OR REPLACE INTO told VALUES (?, ?, (SELECT number FROM sessions WHERE name = ?), ?)",
            news.remember,
        )
        self._db.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                _name(path), _head(path, head_bytes), head_bytes, progress.size, progress.written_ns, progress.offset,
                progress.ended, progress.since, json.dumps(progress.state),
            ),
        )  # fmt: skip
        self._db.execute("COMMIT")


def _unless_known(one: Told, known: tuple[int, str | None, bool] | None) -> Row | None:
    """The row to send, or None if it says nothing new."""
    if known is None:
        return one.row
    content, session, closed = known
    if closed and not one.closed:
        return None
    if session is not None and one.row.get("session_id") != session:
        if one.of_prompt:
            return None  # a fork repeats the prompt; it was asked in the session that told of it first
        row = {**one.row, "session_id": session}
    else:
        row = one.row
    return None if _content(row) == content else row


def _number(words: str) -> int:
    return int.from_bytes(hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)


def _content(row: Row) -> int:
    """A number for what may change about a row. Python's own, for it is the same in each process for numbers."""
    status = row.get("status")
    return hash((*[row.get(name, 0) for name in _AMOUNTS], _OUTCOMES.index(status) if status in _OUTCOMES else -1))


def _name(path: Path) -> bytes:
    return hashlib.blake2b(os.fsencode(path.absolute()), digest_size=16).digest()


def _head(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.blake2b(file.read(size), digest_size=16).digest()
    except OSError:
        return b""
