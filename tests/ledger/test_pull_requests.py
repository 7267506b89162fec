"""What is told of pull requests is kept once, whoever tells it first, and what took what back is settled with it."""

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tallyward.domain.pull_request import PullRequestFacts, Undone
from tallyward.domain.reverts import Reverted
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.ledger.database import Connection, Database
from tallyward.services.pull_requests import PullRequests, Taken
from tallyward.services.tenants import Tenants
from tests.pulls import REPO, SHAS, minutes, told

OLD, NEW, MERGE, _ = SHAS


class Desk:
    """Takes facts in, each in a transaction of its own, and reads what is kept."""

    def __init__(self, ledger: Database, tenants_dir: Path | None = None) -> None:
        self.ledger = ledger
        self.pulls = PullRequests(Tenants(ledger, tenants_dir))

    async def tell(self, *facts: PullRequestFacts) -> list[Taken]:
        taken: list[Taken] = []
        for one in facts:
            async with self.ledger.transaction(DEFAULT_TENANT) as connection:
                taken.append(await self.pulls.take(connection, DEFAULT_TENANT, one))
        return taken

    async def rows(self, order: str = "number") -> list[dict[str, Any]]:
        async with self.ledger.transaction(DEFAULT_TENANT) as connection:
            cursor = await connection.execute(f"SELECT * FROM pull_requests ORDER BY {order}")  # noqa: S608  # ours
            return await cursor.fetchall()

    async def reverted(self) -> dict[int, str | None]:
        return {row["number"]: row["reverted_by"] for row in await self.rows()}

    async def clear(self) -> None:
        async with self.ledger.transaction(DEFAULT_TENANT) as connection:
            await connection.execute("DELETE FROM pull_requests")


@pytest.fixture
def desk(ledger: Database) -> Desk:
    return Desk(ledger)


def merged(number: int, at: float, **facts: Any) -> PullRequestFacts:
    return told(number, state="merged", merged_at=minutes(at), updated_at=minutes(at), **facts)


async def test_words_in_any_order_end_as_one_row(desk: Desk):
    facts = [
        told(state="open", head_branch="claude/x", opened_at=minutes(0), updated_at=minutes(0)),
        told(head_sha=NEW, changes_requested_on=[OLD], updated_at=minutes(3)),
        told(state="merged", merged_at=minutes(5), merge_sha=MERGE, repo_id=9, updated_at=minutes(5)),
        told(source="git", state="merged", merged_at=minutes(6), changed_paths=["b", "a"], merge_sha=MERGE),
    ]
    ends: list[dict[str, Any]] = []
    for order in permutations(facts):
        await desk.tell(*order)
        (row,) = await desk.rows()
        ends.append({name: value for name, value in row.items() if name != "id"})
        await desk.clear()

    assert all(end == ends[0] for end in ends)
    assert (ends[0]["agent"], ends[0]["agent_evidence"], ends[0]["attempts"]) == ("claude", "branch", 2)
    assert (ends[0]["state"], ends[0]["merged_at"], ends[0]["changed_paths"]) == ("merged", minutes(5), ["a", "b"])
    assert ends[0]["seen_by"] == ["git", "webhook"]


async def test_the_same_word_twice_changes_nothing(desk: Desk):
    word = told(state="open", labels=["bug"], reverts=Reverted(number=3), undone=Undone(sha=OLD, at=minutes(1)))

    first, second = await desk.tell(word, word)

    assert (first, second) == (Taken(added=1), Taken(same=1))


async def test_a_merge_that_a_clone_knew_without_a_number_becomes_the_pull_request_it_was(desk: Desk):
    await desk.tell(told(None, source="git", state="merged", merge_sha=MERGE, merged_at=minutes(5)))
    await desk.tell(merged(7, 5, merge_sha=MERGE, repo_id=9))

    (row,) = await desk.rows()

    assert (row["number"], row["repo_id"], row["seen_by"]) == (7, 9, ["git", "webhook"])


async def test_after_a_rename_all_of_the_repository_bear_the_new_name(desk: Desk):
    await desk.tell(told(1, repo_id=9), told(2, repo_id=9), told(1, repo="example/other", repo_id=8))
    await desk.tell(told(2, repo="moved/app", repo_id=9, updated_at=minutes(4)))
    await desk.tell(told(1, repo_id=9, state="closed", updated_at=minutes(2)))

    rows = await desk.rows("repo_id, number")

    assert [(row["repo"], row["number"]) for row in rows] == [
        ("example/other", 1), ("moved/app", 1), ("moved/app", 2),
    ]  # fmt: skip


async def test_a_repository_that_takes_an_old_name_is_another(desk: Desk):
    await desk.tell(told(1, repo_id=9, author="ann"), told(1, repo_id=10, author="bo"))

    rows = await desk.rows("repo_id")

    assert [(row["repo"], row["repo_id"], row["author"]) for row in rows] == [(REPO, 9, "ann"), (REPO, 10, "bo")]


@pytest.mark.parametrize("said", [Reverted(number=1), Reverted(sha=MERGE), Reverted(sha=MERGE[:10])], ids=str)
async def test_a_revert_is_known_whichever_of_the_two_is_heard_of_first(desk: Desk, said: Reverted):
    target, taker = merged(1, 1, merge_sha=MERGE), merged(2, 5, reverts=said)
    for order in permutations((target, taker)):
        await desk.tell(*order)
        (row, _) = await desk.rows()
        assert (row["reverted_at"], row["reverted_by"]) == (minutes(5), f"#{2}")
        await desk.clear()


async def test_a_revert_of_a_revert_brings_the_first_back_in_any_order(desk: Desk):
    chain = [
        merged(1, 1),
        merged(2, 2, reverts=Reverted(number=1)),
        merged(3, 3, reverts=Reverted(number=2)),
        merged(4, 4, reverts=Reverted(number=3)),
    ]
    for order in permutations(chain):
        await desk.tell(*order)
        assert await desk.reverted() == {1: f"#{2}", 2: None, 3: f"#{4}", 4: None}
        await desk.clear()


async def test_a_revert_that_is_not_merged_takes_nothing_back(desk: Desk):
    await desk.tell(merged(1, 1), told(2, state="open", reverts=Reverted(number=1)))
    assert await desk.reverted() == {1: None, 2: None}

    await desk.tell(merged(2, 8))
    assert await desk.reverted() == {1: f"#{2}", 2: None}


async def test_an_organisations_rule_says_whose_work_it_is(ledger: Database, tmp_path: Path):
    folder = tmp_path / DEFAULT_TENANT
    folder.mkdir()
    (folder / "tenant.toml").write_text('[agents.branches]\n"bots/{agent}/" = "{agent}"\n', encoding="utf-8")

    await Desk(ledger).tell(told(1, head_branch="bots/gardener/7"))
    desk = Desk(ledger, tmp_path)
    assert (await desk.rows())[0]["agent"] is None

    assert await desk.tell(told(1, head_branch="bots/gardener/7")) == [Taken(changed=1)]
    assert (await desk.rows())[0]["agent"] == "gardener"


async def test_a_row_of_plain_sql_gives_way_to_whoever_knows(desk: Desk):
    async with desk.ledger.transaction(DEFAULT_TENANT) as connection:
        await connection.execute(
            "INSERT INTO pull_requests (repo, number, state, head_branch, author)"
            " VALUES (%s, 7, 'open', 'axon/fixer/7', 'someone')",
            (REPO,),
        )
    await desk.tell(told(7, source="git", state="merged", merged_at=minutes(1), author="git"))

    (row,) = await desk.rows()

    assert (row["state"], row["author"], row["head_branch"], row["agent"]) == (
        "merged", "git", "axon/fixer/7", "fixer",
    )  # fmt: skip


async def test_nothing_is_kept_but_what_the_facts_hold(desk: Desk):
    word = told(1, state="open", co_agents=["claude"], changed_paths=["a.py"])
    await desk.tell(word)

    (row,) = await desk.rows()

    assert set(row["told"]) == {
        "stamps", "undone", "co_agents", "changes_requested_on", "review_rounds", "attempts", "updated_at",
    }  # fmt: skip
    assert msgspec.json.encode(row["told"]["co_agents"]) == b'["claude"]'


async def test_what_follows_from_a_change_is_done_in_its_transaction_and_of_nothing_else(ledger: Database):
    heard: list[list[int]] = []

    async def note(_connection: Connection, _tenant: str, ids: Sequence[int]) -> None:
        heard.append(list(ids))

    pulls = PullRequests(Tenants(ledger, None), note)
    for word in (told(1), told(1), told(1, state="closed")):
        async with ledger.transaction(DEFAULT_TENANT) as connection:
            await pulls.take(connection, DEFAULT_TENANT, word)

    (row,) = await Desk(ledger).rows()
    assert heard == [[row["id"]], [row["id"]]]


async def test_a_clone_does_not_know_on_which_forge_it_was_and_a_forge_does(desk: Desk):
    for order in permutations((told(1, source="git"), told(1, forge="forgejo", repo_id=3, source="sync"))):
        await desk.tell(*order)
        (row,) = await desk.rows()
        assert (row["forge"], row["repo_id"]) == ("forgejo", 3)
        await desk.clear()
