"""What a backfill remembers of files and rows."""

from pathlib import Path
from typing import Any

import pytest

from tallyward.capture._transcript import Told
from tallyward.client.backfill_state import BackfillState, News, Progress, path_of

ROW = {"request_key": "m1", "ts": "2026-05-01T10:00:00.000000Z", "session_id": "s1", "output_tokens": 5}


def usage(**more: Any) -> Told:
    return Told("usage", "usage m1", {**ROW, **more})


def prompt(session: str, status: str = "success") -> Told:
    row = {"fire_key": f"{session}:p1:session", "ts": ROW["ts"], "session_id": session, "status": status}
    return Told("trace", "prompt p1:session", row, status != "abandoned", of_prompt=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "t.jsonl").write_bytes(b"x" * 2_000)
    return tmp_path / "t.jsonl"


@pytest.fixture
def state(tmp_path: Path):
    with BackfillState(str(tmp_path / "s.sqlite")) as opened:
        yield opened


def remember(memory: BackfillState, file: Path, *told: Told, **progress: Any) -> News:
    news = memory.news(told, "")
    memory.commit(file, Progress(**{"size": 2_000, "written_ns": 7, "offset": 2_000, "ended": True, **progress}), news)
    return news


def test_a_row_that_was_told_is_not_told_again(state: BackfillState, file: Path):
    assert remember(state, file, usage()).rows == {"usage": [ROW]}
    again = state.news([usage()], "")
    assert (again.rows, again.folded) == ({}, 1)


def test_a_row_that_has_grown_is_told_again(state: BackfillState, file: Path):
    remember(state, file, usage())
    assert state.news([usage(output_tokens=9)], "").rows == {"usage": [{**ROW, "output_tokens": 9}]}


def test_a_forks_copy_belongs_to_the_session_that_was_first(state: BackfillState, file: Path):
    remember(state, file, usage(), prompt("s1"))
    grown = state.news([usage(session_id="s2", output_tokens=9), prompt("s2")], "")
    assert grown.rows == {"usage": [{**ROW, "output_tokens": 9}]}
    assert grown.folded == 1


def test_an_outcome_that_is_known_is_not_forgotten(state: BackfillState, file: Path):
    remember(state, file, prompt("s1", "abandoned"))
    assert state.news([prompt("s1")], "").rows["trace"][0]["status"] == "success"
    remember(state, file, prompt("s1"))
    assert state.news([prompt("s1", "abandoned")], "").rows == {}


def test_rows_of_before_the_moment_are_left_out_and_not_remembered(state: BackfillState, file: Path):
    assert state.news([usage()], "2026-05-02").rows == {}
    assert remember(state, file, usage()).rows == {"usage": [ROW]}


def test_a_file_goes_on_where_it_stopped(state: BackfillState, file: Path):
    remember(state, file, offset=1_500, ended=False, state={"open": {"t": 1}})
    progress = state.progress(file, 3_000, "")
    assert (progress.offset, progress.ended, progress.state) == (1_500, False, {"open": {"t": 1}})


def test_a_file_that_became_another_or_shorter_begins_anew(state: BackfillState, file: Path):
    remember(state, file)
    assert state.progress(file, 1_999, "").offset == 0
    file.write_bytes(b"y" * 2_000)
    assert state.progress(file, 2_000, "").offset == 0


def test_a_file_that_was_read_for_a_later_time_begins_anew(state: BackfillState, file: Path):
    remember(state, file, since="2026-05-01")
    assert state.progress(file, 2_000, "2026-04-01").offset == 0
    assert state.progress(file, 2_000, "2026-05-01").offset == 2_000


def test_an_unknown_file_begins_at_its_beginning(state: BackfillState, file: Path):
    assert state.progress(file, 2_000, "") == Progress()


def test_each_ledger_has_a_memory_of_its_own(tmp_path: Path):
    ledgers = [("http://a", "default", "k1"), ("http://a", "default", "k2"), ("http://b", "default", "k1")]
    assert len({path_of(str(tmp_path), ledger) for ledger in ledgers}) == 3


def test_memory_of_another_format_is_begun_anew(tmp_path: Path, file: Path):
    path = str(tmp_path / "s.sqlite")
    with BackfillState(path) as state:
        remember(state, file, usage())
        state._db.execute("PRAGMA user_version = 99")
    with BackfillState(path) as state:
        assert state.news([usage()], "").rows == {"usage": [ROW]}


def test_the_memory_is_for_its_owner_and_holds_no_names(tmp_path: Path, file: Path, state: BackfillState):
    remember(state, file, usage(repo="acme/secret"))
    state._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = (tmp_path / "s.sqlite").read_bytes()
    assert b"t.jsonl" not in kept
    assert b"secret" not in kept
    assert (tmp_path / "s.sqlite").stat().st_mode & 0o077 == 0
