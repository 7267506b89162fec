"""opencode's database, read a page at a time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tallyward.client import opencode_rows
from tallyward.client.opencode_rows import page
from tallyward.client.transcript_lines import Unreadable
from tests.opencode_database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "opencode.db")
    yield made
    made.close()


def test_a_part_comes_with_its_answer_and_its_session(database: Database):
    database.answered(1)
    call, step = page(database.path, "part", 0, 0)
    assert [(row["id"], row["session_id"], row["directory"]) for row in (call, step)] == [
        ("prt_1a", "ses_1", "/home/ann/widget"),
        ("prt_1b", "ses_1", "/home/ann/widget"),
    ]
    assert '"parentID": "msg_1a"' in step["message"]
    assert step["written_ms"] == database.time


def test_an_answer_comes_with_the_moment_of_its_prompt(database: Database):
    database.answered(1)
    asked, answer = page(database.path, "message", 0, 0)
    assert (asked["asked"], answer["asked"]) == (None, asked["time"])


def test_pages_follow_each_other_without_a_gap(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(opencode_rows, "PAGE_ROWS", 3)
    for number in range(5):
        database.answered(number)
    seen: list[str] = []
    after = 0
    while rows := page(database.path, "part", after, 0):
        assert len(rows) <= 3
        seen += [row["id"] for row in rows]
        after = rows[-1]["number"]
    assert seen == [f"prt_{number}{letter}" for number in range(5) for letter in "ab"]


def test_only_what_was_written_since_is_read_again(database: Database):
    database.answered(1)
    since = database.time + 1
    database.answered(2).part("prt_1b", "msg_1b", type="step-finish", tokens={"input": 9})
    assert {row["id"] for row in page(database.path, "part", 0, since)} == {"prt_2a", "prt_2b", "prt_1b"}


@pytest.mark.parametrize("content", [b"", b"no database", None])
def test_what_is_no_such_store_is_unreadable(tmp_path: Path, content: bytes | None):
    if content is not None:
        (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(Unreadable):
        page(tmp_path / "x.db", "part", 0, 0)


def test_reading_leaves_the_database_as_it_was(database: Database):
    database.answered(1)
    before = database.path.read_bytes()
    page(database.path, "part", 0, 0)
    assert database.path.read_bytes() == before
