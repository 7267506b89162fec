"""What the grid reads of a checkout and of a tenant's lints, and what it leaves alone."""

from pathlib import Path

from tallyward.services.accept_files import FILE_BYTES_MAX, FILES_MAX, read_checkouts, read_lints


def write(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_commands_are_files_and_skills_are_folders(tmp_path: Path):
    write(tmp_path / ".claude/commands/commit.md")
    write(tmp_path / ".claude/commands/plan/assign-prds.md")
    write(tmp_path / ".claude/commands/notes.txt")
    write(tmp_path / ".claude/skills/ship/SKILL.md")
    write(tmp_path / ".claude/skills/draft/README.md")
    write(tmp_path / ".github/workflows/ci.yml", "on: push")
    write(tmp_path / ".github/workflows/ci.sh")

    found = read_checkouts({"o/r": str(tmp_path)})["o/r"]

    assert found.commands == {"commit", "assign-prds", "ship"}
    assert found.workflows == {".github/workflows/ci.yml": "on: push"}
    assert found.problem == ""


def test_a_folder_that_is_not_there_is_a_problem_and_an_empty_one_is_none(tmp_path: Path):
    found = read_checkouts({"o/r": str(tmp_path / "none"), "o/s": str(tmp_path)})

    assert "is no folder" in found["o/r"].problem
    assert (found["o/s"].problem, found["o/s"].commands) == ("", frozenset())


def test_lints_are_read_by_name_and_no_further_than_their_limits(tmp_path: Path):
    write(tmp_path / "python/clock.yml", "message: see CLAUDE.md")
    write(tmp_path / "large.yml", "x" * (FILE_BYTES_MAX + 10))
    write(tmp_path / "picture.png")
    for number in range(FILES_MAX):
        write(tmp_path / f"many/{number:04}.yml")

    found = read_lints(tmp_path)

    assert len(found) == FILES_MAX
    assert len(found["large.yml"]) == FILE_BYTES_MAX
    assert "picture.png" not in found
    assert read_lints(tmp_path / "none") == {}
