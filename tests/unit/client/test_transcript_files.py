"""Which files are read, and in which order."""

import os
from pathlib import Path

import pytest

from tallyward.client.transcript_files import find, roots


def write(path: Path, content: str = "{}\n", written: int = 1_000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (written, written))
    return path


@pytest.mark.parametrize(
    ("program", "environ", "folder"),
    [
        ("claude", {}, ".claude/projects"),
        ("claude", {}, ".config/claude/projects"),
        ("claude", {"CLAUDE_CONFIG_DIR": "{home}/elsewhere"}, "elsewhere/projects"),
        ("codex", {}, ".codex/sessions"),
        ("codex", {}, ".codex/archived_sessions"),
        ("codex", {"CODEX_HOME": "{home}/elsewhere"}, "elsewhere/sessions"),
        ("opencode", {}, ".local/share/opencode"),
        ("opencode", {"XDG_DATA_HOME": "{home}/data"}, "data/opencode"),
    ],
)
def test_a_programs_files_are_looked_for_where_it_keeps_them(
    tmp_path: Path, program: str, environ: dict[str, str], folder: str
):
    (tmp_path / folder).mkdir(parents=True)
    told = {name: value.format(home=tmp_path) for name, value in environ.items()}
    assert roots(program, None, {"HOME": str(tmp_path), **told}) == [tmp_path / folder]


def test_a_root_may_be_the_programs_folder_or_any_other_or_a_file(tmp_path: Path):
    file = write(tmp_path / "home" / "projects" / "p" / "s.jsonl")
    for root in (tmp_path / "home", tmp_path / "home" / "projects", file.parent, file):
        found = find("claude", roots("claude", root, {}))
        assert [one.path for one in found] == [file]
    assert roots("claude", tmp_path / "none", {}) == []


def test_only_files_of_the_program_are_taken(tmp_path: Path):
    names = ["s.jsonl", "s/subagents/agent-a1.jsonl", "s/tool-results/x.txt", "s/subagents/agent-a1.meta.json"]
    for name in names:
        write(tmp_path / name)
    assert sorted(one.path.name for one in find("claude", [tmp_path])) == ["agent-a1.jsonl", "s.jsonl"]
    for name in ["rollout-1.jsonl", "rollout-2.jsonl.zst", "rollout-3.json", "history.jsonl", "state.sqlite"]:
        write(tmp_path / "codex" / name)
    assert [one.path.name for one in find("codex", [tmp_path / "codex"])] == [
        "rollout-1.jsonl", "rollout-2.jsonl.zst", "rollout-3.json",
    ]  # fmt: skip


def test_a_session_comes_before_its_fork(tmp_path: Path):
    record = '{{"type":"x","timestamp":"2026-05-01T10:00:{}.000Z"}}\n'
    fork = write(tmp_path / "a.jsonl", '{"type":"mode"}\n' + record.format("30"), written=10)
    first = write(tmp_path / "b.jsonl", record.format("20"), written=99)
    copied = write(tmp_path / "0.jsonl", record.format("20"), written=100)
    assert [one.path for one in find("claude", [tmp_path])] == [first, copied, fork]


def test_what_cannot_be_looked_at_is_left(tmp_path: Path):
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    kept = write(tmp_path / "a.jsonl")
    assert [one.path for one in find("claude", [tmp_path])] == [kept]
