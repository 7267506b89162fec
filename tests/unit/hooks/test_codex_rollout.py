"""Reading in a rollout while Codex writes it."""

import os

import pytest

from tallyward.hooks import codex_rollout
from tallyward.hooks.codex_rollout import Rollout
from tests.codex_events import completed, lines, meta, turn_over


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rollout.jsonl"


@pytest.mark.parametrize("originator", ["codex-tui", "Codex Desktop", "codex_vscode"])
def test_the_originator_is_in_the_first_record(path, originator):
    path.write_text(lines(meta(originator)))
    assert Rollout(str(path)).origin() == originator


def test_a_directory_that_is_named_like_an_originator_is_none(path):
    odd = meta("codex_exec")
    odd["payload"] = {"cwd": '/home/","originator":"Codex Desktop', **odd["payload"]}
    path.write_text(lines(odd))
    assert Rollout(str(path)).origin() == "codex_exec"


def test_records_are_found_by_a_mark_and_from_a_place_on(path):
    path.write_text(lines(meta(), completed("CommandExecution", "call_a")))
    place = Rollout(str(path)).size()
    with path.open("a") as file:
        file.write(lines(completed("CommandExecution", "call_b"), turn_over()))
    rollout = Rollout(str(path))
    assert [record["payload"]["item"]["id"] for record in rollout.records('"item_completed"')] == ["call_a", "call_b"]
    assert [record["payload"]["item"]["id"] for record in rollout.records('"item_completed"', place)] == ["call_b"]
    assert rollout.records("nothing like it") == []


def test_what_lies_far_back_is_found_too(path):
    filler = {"payload": {"text": "x" * codex_rollout.TAIL_BYTES}}
    path.write_text(lines(completed("CommandExecution", "call_a"), filler, filler))
    assert len(Rollout(str(path)).records('"id":"call_a"')) == 1


def test_a_line_that_is_cut_off_or_broken_is_left_out(path):
    whole = lines(completed("CommandExecution", "call_a"))
    path.write_text("{broken call_a\n" + whole + whole[:80])
    assert len(Rollout(str(path)).records("call_a")) == 1


def test_where_nothing_can_be_read_there_is_nothing(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (None, 7, "", "/nowhere", "a\0b", str(tmp_path), str(pipe)):
        rollout = Rollout(place)
        assert (rollout.origin(), rollout.records("x"), rollout.records("x", 0)) == (None, [], [])
