"""What a session remembers between two hooks."""

import os

import pytest

from tallyward.client import session_memory


def test_what_was_saved_is_loaded_until_it_is_forgotten(tmp_path):
    root = str(tmp_path)
    session_memory.save(root, "s-1", {"model": "m"})
    assert session_memory.load(root, "s-1") == {"model": "m"}
    assert session_memory.load(root, "s-2") == {}
    session_memory.save(root, "s-1", None)
    assert session_memory.load(root, "s-1") == {}


@pytest.mark.parametrize("session_id", ["../escape", "a/b", "", "x" * 101, None, 7, "."])
def test_an_id_that_is_no_plain_name_has_no_file(tmp_path, session_id):
    session_memory.save(str(tmp_path), session_id, {"model": "m"})
    assert list(tmp_path.rglob("*")) == []


def test_old_sessions_are_forgotten_and_young_ones_kept(tmp_path):
    root = str(tmp_path)
    for name in ("old", "young"):
        session_memory.save(root, name, {"model": "m"})
    os.utime(tmp_path / "sessions" / "old.json", (1000, 1000))
    session_memory.forget_old(root, now=(tmp_path / "sessions" / "young.json").stat().st_mtime)
    assert [path.name for path in (tmp_path / "sessions").iterdir()] == ["young.json"]


def test_a_disk_that_refuses_costs_only_the_memory(tmp_path):
    (tmp_path / "sessions").write_text("a file where the folder should be")
    session_memory.save(str(tmp_path), "s", {"model": "m"})
    assert session_memory.load(str(tmp_path), "s") == {}


def test_a_part_of_a_session_is_remembered_beside_it_and_goes_with_it(tmp_path):
    root = str(tmp_path)
    session_memory.save(root, "s1", {"of": "session"})
    session_memory.save(root, "s1", {"of": "call"}, "call_1")
    session_memory.save(root, "s10", {"of": "another"})
    assert session_memory.load(root, "s1") == {"of": "session"}
    assert session_memory.load(root, "s1", "call_1") == {"of": "call"}
    session_memory.save(root, "s1", None, "call_1")
    assert session_memory.load(root, "s1", "call_1") == {}
    session_memory.save(root, "s1", {"of": "call"}, "call_2")
    session_memory.save(root, "s1", None)
    assert [path.name for path in (tmp_path / "sessions").iterdir()] == ["s10.json"]


@pytest.mark.parametrize("part", ["", "../x", "a.b", "x" * 101])
def test_a_part_without_a_plain_name_is_not_remembered(tmp_path, part):
    session_memory.save(str(tmp_path), "s1", {"of": "call"}, part)
    assert session_memory.load(str(tmp_path), "s1", part) == {}
    assert not (tmp_path / "sessions").exists()
