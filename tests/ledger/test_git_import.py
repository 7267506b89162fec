"""A real clone is read with the real git, whatever its history looks like, and what it tells is kept once."""

import subprocess
from pathlib import Path

from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.services.pull_requests import PullRequests
from tallyward.services.replay import replay
from tests.frames import LEAD
from tests.git_repository import DAY, GitRepository, written
from tests.ledger.import_desk import Desk
from tests.pulls import minutes, told

CANARY = "canary-3c1f-words-of-a-message"


def git(folder: Path, *arguments: str | Path) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)


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


async def test_one_commit_may_take_several_back(desk: Desk, tmp_path: Path):
    made = GitRepository(tmp_path / "app")
    made.commit("Begin", a_py="1\n")
    shas = [made.commit(f"Change (#{number})", a_py=f"{number}\n") for number in (2, 3, 4)]
    both = "\n".join(f"This reverts commit {sha}." for sha in shas[1:])
    undo = made.commit(f"Go back\n\n{both}", a_py="2\n")

    await desk.bring(tmp_path / "app")

    found = await desk.rows("SELECT reverted_by FROM pull_requests ORDER BY number")
    assert [row["reverted_by"] for row in found] == [None, undo, undo]


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
