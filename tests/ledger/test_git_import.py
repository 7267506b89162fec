"""A real clone is read with the real git, whatever its history looks like, and what it tells is kept once."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.errors import BranchUnknown, CloneUnreadable, GitMissing
from tallyward.ledger.database import Database
from tallyward.services import git_import
from tallyward.services.git_import import Asked, GitImport, Imported
from tallyward.services.pull_requests import PullRequests
from tallyward.services.rates import RateBook
from tallyward.services.replay import replay
from tallyward.services.tenants import Tenants
from tests.frames import LEAD
from tests.git_repository import DAY, GitRepository, written
from tests.pulls import REPO, minutes, told

CANARY = "canary-3c1f-words-of-a-message"


class Desk:
    """Imports clones into one ledger, and reads what is there then."""

    def __init__(self, ledger: Database) -> None:
        self.ledger = ledger
        self.tenants = Tenants(ledger, None)
        self.book = RateBook(ledger, self.tenants)
        self.progress: list[str] = []

    async def bring(self, path: Path, project: str = "web", **asked: Any) -> Imported:
        asked = {"repo": REPO, **asked}
        importer = GitImport(self.ledger, self.tenants, self.book)
        return await importer.run(
            DEFAULT_TENANT, Asked(path=path, project=project, **asked), lambda what, *_: self.progress.append(what)
        )

    async def rows(self, statement: str, tenant: str = DEFAULT_TENANT) -> list[dict[str, Any]]:
        async with self.ledger.transaction(tenant) as connection:
            cursor = await connection.execute(statement.encode())
            return await cursor.fetchall()

    async def everything(self) -> str:
        """The whole ledger of the tenant as text, as far as an import writes it."""
        tables = ("pull_requests", "work_items", "events_outbox")
        return "".join([str(await self.rows(f"SELECT * FROM {table} ORDER BY id")) for table in tables])  # noqa: S608


def git(folder: Path, *arguments: str | Path) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)


@pytest.fixture
async def desk(ledger: Database) -> Desk:
    made = Desk(ledger)
    await made.tenants.ensure(DEFAULT_TENANT)
    return made


async def test_a_history_with_one_of_everything_is_understood(desk: Desk, tmp_path: Path):
    sha = written(tmp_path / "app")

    found = await desk.bring(tmp_path / "app")

    rows = await desk.rows("SELECT * FROM pull_requests")
    by_sha = {row["merge_sha"]: row for row in rows}
    assert (found.merges, found.squashes, found.direct) == (4, 4, 2)
    assert {row["number"] for row in rows} == {1, 2, 4, 5, 7, 8, None}
    first, second, plain = by_sha[sha["first"]], by_sha[sha["second"]], by_sha[sha["plain"]]
    assert (first["head_branch"], first["agent"], first["changed_paths"]) == ("claude/first", "claude", ["a.py"])
    assert (first["reverted_by"], by_sha[sha["squash"]]["reverted_by"]) == (f"#{5}", sha["undo"])
    assert (second["agent"], second["attempts"], second["conflicted"]) == ("codex", 2, True)
    assert (plain["number"], plain["head_branch"], plain["reverted_by"], plain["conflicted"]) == (
        None, "plain", None, False,
    )  # fmt: skip
    assert by_sha[sha["octopus"]]["changed_paths"] == ["left.py", "right.py"]
    assert all(row["seen_by"] == ["git"] and row["author"] is None and row["opened_at"] is None for row in rows)


async def test_what_the_merges_tell_is_in_work_items_and_rates(desk: Desk, tmp_path: Path):
    written(tmp_path / "app")

    found = await desk.bring(tmp_path / "app")

    items = await desk.rows("SELECT * FROM work_items ORDER BY merged_at")
    assert [(item["attempts"], item["last_verdict"], item["agent"]) for item in items] == [
        (1, None, "claude"), (2, "rebase_conflict", "codex"), (1, None, None), (1, None, None),
    ]  # fmt: skip
    assert (found.work_items, found.attempts_unknown, found.conflicts) == (4, 4, 1)
    rates = await desk.book.read(LEAD)
    assert (rates.first_pass_merge_rate.n, rates.rebase_conflict_rate.n) == (4, 4)
    assert (await replay(desk.ledger, DEFAULT_TENANT, mend=False)).whole


async def test_pairs_that_were_open_at_once_are_merged_with_each_other(desk: Desk, tmp_path: Path):
    written(tmp_path / "app")

    found = await desk.bring(tmp_path / "app")

    (same, folder, nothing) = found.overlap.kinds
    assert (same.shared, same.pairs, same.tried, same.conflicted) == ("path", 1, 1, 1)
    assert (folder.pairs, nothing.pairs) == (0, 0)
    assert [(file.path, file.conflicted) for file in found.overlap.hot] == [("a.py", 1)]


async def test_a_second_import_changes_nothing(desk: Desk, tmp_path: Path):
    written(tmp_path / "app")
    first = await desk.bring(tmp_path / "app")
    before = await desk.everything()

    second = await desk.bring(tmp_path / "app")

    assert await desk.everything() == before
    assert (second.pull_requests.added, second.pull_requests.changed, second.work_items) == (0, 0, 0)
    assert second.work_items_known == first.work_items


async def test_a_project_that_was_renamed_is_not_counted_twice(desk: Desk, tmp_path: Path):
    written(tmp_path / "app")
    await desk.bring(tmp_path / "app", project="old")

    again = await desk.bring(tmp_path / "app", project="new")

    assert again.work_items == 0
    assert {row["project"] for row in await desk.rows("SELECT project FROM work_items")} == {"old"}


async def test_no_word_address_or_content_of_a_clone_is_kept(desk: Desk, tmp_path: Path):
    written(tmp_path / "app", CANARY)
    (tmp_path / "app" / "z.txt").write_text(CANARY)

    await desk.bring(tmp_path / "app")

    kept = await desk.everything()
    assert "a.py" in kept
    assert CANARY not in kept
    assert "ann@example.org" not in kept
    assert "anthropic.com" not in kept


async def test_what_a_forge_tells_later_counts_more(desk: Desk, tmp_path: Path):
    sha = written(tmp_path / "app")
    await desk.bring(tmp_path / "app")
    pulls = PullRequests(desk.tenants)
    async with desk.ledger.transaction(DEFAULT_TENANT) as connection:
        word = told(1, state="merged", merged_at=minutes(7), author="ann", repo_id=9, merge_sha=sha["first"])
        await pulls.take(connection, DEFAULT_TENANT, word)
    await desk.bring(tmp_path / "app")

    (row,) = await desk.rows("SELECT * FROM pull_requests WHERE number = 1")

    assert (row["merged_at"], row["author"], row["seen_by"]) == (minutes(7), "ann", ["git", "webhook"])


async def test_a_bundle_that_was_cloned_tells_what_the_repository_tells(desk: Desk, tmp_path: Path):
    written(tmp_path / "app")
    git(tmp_path / "app", "bundle", "create", "--quiet", tmp_path / "app.bundle", "--all")
    git(tmp_path, "clone", "--quiet", "--bare", "-b", "main", "app.bundle", "bare")

    found = await desk.bring(tmp_path / "bare")

    assert (found.merges, found.squashes, found.direct, found.shallow) == (4, 4, 2, False)


async def test_a_shallow_clone_tells_what_it_has_and_says_that_it_is_shallow(desk: Desk, tmp_path: Path):
    written(tmp_path / "app")
    origin = f"file://{tmp_path / 'app'}"
    git(tmp_path, "clone", "--quiet", "--depth", "4", origin, "shallow")

    found = await desk.bring(tmp_path / "shallow")

    assert found.shallow
    assert (found.merges, found.squashes) == (1, 3)


async def test_work_that_was_brought_up_to_date_with_trouble_conflicted_though_its_merge_was_clean(
    desk: Desk, tmp_path: Path
):
    made = GitRepository(tmp_path / "app")
    made.commit("Begin", a_py="1\n")
    made.branch("work")
    made.commit("Mine", a_py="mine\n")
    made.back()
    made.commit("Theirs", a_py="theirs\n")
    made.back("work")
    made.merge("Merge branch 'main' into work", "main", a_py="both\n")
    made.commit("Go on", b_py="1\n")
    made.back()
    made.merge(f"Merge pull request #{3} from example/work", "work")

    found = await desk.bring(tmp_path / "app")

    (row,) = await desk.rows("SELECT * FROM pull_requests")
    assert (row["conflicted"], row["attempts"]) == (True, 2)
    assert (found.trials, found.conflicts) == (1, 1)


async def test_a_revert_that_was_taken_back_takes_nothing_back(desk: Desk, tmp_path: Path):
    made = GitRepository(tmp_path / "app")
    made.commit("Begin", a_py="1\n")
    sha = made.commit(f"Change (#{2})", a_py="2\n")
    undo = made.revert(sha)

    await desk.bring(tmp_path / "app")
    assert [row["reverted_by"] for row in await desk.rows("SELECT * FROM pull_requests")] == [undo]

    made.revert(undo)
    await desk.bring(tmp_path / "app")
    assert [row["reverted_by"] for row in await desk.rows("SELECT * FROM pull_requests")] == [None]


async def test_the_clone_is_left_as_it_was(desk: Desk, tmp_path: Path):
    written(tmp_path / "app")
    before = sorted((tmp_path / "app").rglob("*"))

    await desk.bring(tmp_path / "app")

    assert sorted((tmp_path / "app").rglob("*")) == before


async def test_an_odd_merge_neither_ends_the_import_nor_becomes_a_pull_request(desk: Desk, tmp_path: Path):
    made = GitRepository(tmp_path / "app")
    made.commit("Begin", a_py="1\n")
    made.git("checkout", "--quiet", "--orphan", "other")
    made.commit("Another beginning", after=DAY, b_py="1\n")
    made.back()
    made.git("merge", "--quiet", "--no-ff", "--allow-unrelated-histories", "-m", "Merge branch 'other'", "other")
    made.branch("aside")
    made.commit("Aside", c_py="1\n")
    made.back()
    made.merge("Merge branch 'main' of https://example.org/app", "aside")

    found = await desk.bring(tmp_path / "app")

    assert (found.merges, found.direct, found.trials) == (1, 2, 0)


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
    assert len(said) > 10

    for cut in range(0, len(said), 2):
        left = cut

        def count(*_: object) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Stopped

        with pytest.raises(Stopped):
            await whole.run(DEFAULT_TENANT, asked, count)
    await whole.run(DEFAULT_TENANT, asked, lambda *_: None)

    facts = "repo, number, merge_sha, merged_at, agent, attempts, conflicted, reverted_at, reverted_by, changed_paths"
    items = "project, story_id, phase, attempts, last_verdict, agent, merged_at"
    for columns, table in ((facts, "pull_requests"), (items, "work_items")):
        statement = f"SELECT {columns} FROM {table} ORDER BY merged_at, 1, 2, 3"  # noqa: S608  # names of ours
        assert await desk.rows(statement) == await desk.rows(statement, "other"), table
    assert (await replay(desk.ledger, DEFAULT_TENANT, mend=False)).whole
