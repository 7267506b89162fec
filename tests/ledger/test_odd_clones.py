"""Imports that cannot be made, or not to their end: an old git, no clone, no branch, and a plug that is pulled."""

import os
import shutil
from pathlib import Path

import pytest

from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.errors import BranchUnknown, CloneUnreadable, GitMissing
from tallyward.services import git_import
from tallyward.services.git_import import Asked, GitImport
from tallyward.services.replay import replay
from tests.git_repository import GitRepository, written
from tests.ledger.import_desk import Desk
from tests.pulls import REPO


def pretend(folder: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a git before the real one that says it is of this version."""
    folder.mkdir()
    script = f'#!/bin/sh\n[ "$1" = --version ] && echo git version {version} && exit\nexec {shutil.which("git")} "$@"\n'
    (folder / "git").write_text(script)
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


async def test_a_git_that_cannot_try_merges_leaves_conflicts_unknown_and_an_older_one_is_refused(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    written(tmp_path / "app")
    pretend(tmp_path / "old", "2.37.1", monkeypatch)
    found = await desk.bring(tmp_path / "app")

    assert (found.can_try_merges, found.trials, found.overlap.kinds[0].tried) == (False, 0, 0)
    assert {row["conflicted"] for row in await desk.rows("SELECT conflicted FROM pull_requests")} == {None}

    pretend(tmp_path / "older", "2.20.0", monkeypatch)
    with pytest.raises(GitMissing, match=r"git 2\.20 is too old"):
        await desk.bring(tmp_path / "app")


async def test_within_a_hook_of_git_the_clone_that_is_named_is_read(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    written(tmp_path / "app")
    GitRepository(tmp_path / "other").commit("Begin", a_py="1\n")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))

    found = await desk.bring(tmp_path / "app")

    assert found.merges == 4


async def test_what_is_no_clone_or_has_no_such_branch_is_said(desk: Desk, tmp_path: Path):
    (tmp_path / "plain").mkdir()
    made = GitRepository(tmp_path / "app")

    for path, words in ((tmp_path / "nowhere", "is not a folder"), (tmp_path / "plain", "git rev-parse failed")):
        with pytest.raises(CloneUnreadable, match=words):
            await desk.bring(path)
    for branch, words in ((None, "no commit on a branch 'main'"), ("--output=/tmp/x", "no commit on a branch")):
        with pytest.raises(BranchUnknown, match=words):
            await desk.bring(made.folder, branch=branch)
    made.git("checkout", "--quiet", "--detach", made.commit("Begin", a_py="1\n"))
    with pytest.raises(BranchUnknown, match="no branch"):
        await desk.bring(made.folder)
    assert (await desk.bring(made.folder, branch="main")).commits == 1


READ = "commits read"
KEPT = {
    "pull_requests": "repo, number, merge_sha, merged_at, agent, attempts, conflicted, reverted_by, changed_paths",
    "work_items": "project, story_id, phase, attempts, last_verdict, agent, merged_at",
}


class Stopped(Exception):
    """Somebody pulled the plug."""


async def test_an_import_that_is_cut_off_anywhere_ends_like_one_that_was_not(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(git_import, "ROWS_AT_ONCE", 2)
    written(tmp_path / "app")
    asked = Asked(path=tmp_path / "app", project="web", repo=REPO)
    said: list[str] = []
    whole = GitImport(desk.ledger, desk.tenants, desk.book)
    await whole.run("other", asked, lambda what, *_: said.append(what))
    kept = [what for what in said if what != READ]  # reading is told as often as git happens to write
    assert len(kept) > 8

    for cut in range(len(kept)):
        left = cut

        def count(what: str, *_: object) -> None:
            nonlocal left
            left -= what != READ
            if left < 0:
                raise Stopped

        with pytest.raises(Stopped):
            await whole.run(DEFAULT_TENANT, asked, count)
    await whole.run(DEFAULT_TENANT, asked, lambda *_: None)

    for table, columns in KEPT.items():
        statement = f"SELECT {columns} FROM {table} ORDER BY merged_at, 1, 2, 3"  # noqa: S608  # names of ours
        assert await desk.rows(statement) == await desk.rows(statement, "other"), table
    assert (await replay(desk.ledger, DEFAULT_TENANT, mend=False)).whole
