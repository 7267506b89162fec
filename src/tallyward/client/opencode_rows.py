"""The rows of opencode's database, a page at a time, while the program may be writing: nothing is locked or changed.

Each page is a short transaction of its own, so that the program's write-ahead log is not held back. A row that was
written again since the last reading has a later time of its own, and is read again.
"""

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tallyward.client.transcript_lines import Unreadable

PAGE_ROWS = 1_000
BUSY_SECONDS = 5.0
Row = dict[str, Any]

_PAGES = {
    "part": """
        SELECT row.rowid, row.id, row.session_id, session.parent_id, session.directory, row.time_created,
               row.time_updated, row.data, message.data, NULL
        FROM part AS row
        JOIN message ON message.id = row.message_id
        JOIN session ON session.id = row.session_id
        WHERE row.rowid > ? AND row.time_updated >= ? ORDER BY row.rowid LIMIT ?""",
    "message": """
        SELECT row.rowid, row.id, row.session_id, session.parent_id, session.directory, row.time_created,
               row.time_updated, row.data, NULL, asked.time_created
        FROM message AS row
        JOIN session ON session.id = row.session_id
        LEFT JOIN message AS asked ON asked.id = json_extract(row.data, '$.parentID')
        WHERE row.rowid > ? AND row.time_updated >= ? ORDER BY row.rowid LIMIT ?""",
}


TABLES = tuple(_PAGES)


def page(path: Path, table: str, after: int, since_ms: int) -> list[Row]:
    """The next rows of `part` or `message` that were written at `since_ms` or later; none when there are no more.

    Raises Unreadable for what is no such store.
    """
    return [_row(table, values) for values in _page(path, _PAGES[table], (after, since_ms, PAGE_ROWS))]


def _page(path: Path, query: str, parameters: tuple[int, int, int]) -> list[tuple[Any, ...]]:
    try:
        # A connection of its own for each page: it is open for milliseconds, and closing it ends the transaction.
        db = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=BUSY_SECONDS)
        try:
            db.execute("PRAGMA query_only = ON")
            return db.execute(query, parameters).fetchall()
        finally:
            db.close()
    except sqlite3.Error as error:
        raise Unreadable(str(error)) from error


def _row(table: str, values: tuple[Any, ...]) -> Row:
    number, key, session_id, parent_id, directory, time, written_ms, data, message, asked = values
    return {
        "table": table, "number": number, "id": key, "session_id": session_id, "parent_id": parent_id,
        "directory": directory, "time": time, "written_ms": written_ms or 0, "data": data, "message": message,
        "asked": asked,
    }  # fmt: skip
