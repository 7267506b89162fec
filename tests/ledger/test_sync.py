"""A sync reads a forge to its end, keeps what it has when the forge has had enough, and goes on where it was."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from tallyward import clock
from tallyward.domain.forge import ForgeWriter, PullRequestSignals, Reverted, SignalsReader
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.errors import ConfigInvalid, ForgeError, NotFoundOnForge, RateLimited
from tallyward.ledger.database import Database
from tallyward.services.sync import AGAIN, AT_ONCE, Sync
from tallyward.services.tenants import Tenants
from tallyward.testing.frozen_clock import FrozenClock
from tests.pulls import NOON, minutes

REPOS = ["acme/docs", "acme/shop"]


def signals(number: int, **facts: Any) -> PullRequestSignals:
    known = {
        "forge": "github", "repo": "acme/shop", "repo_id": 9, "number": number, "state": "open", "draft": False,
        "head_branch": f"claude/{number}", "head_sha": f"{number:040x}", "base_branch": "main", "created_at": NOON,
        "updated_at": minutes(number),
    }  # fmt: skip
    return PullRequestSignals(**{**known, **facts})


class PlayedForges:
    """Forges of one tenant that tell what a test holds, the latest change first, and fail where it says so."""

    def __init__(self, **held: list[PullRequestSignals]) -> None:
        self.held = {f"acme/{name}": pulls for name, pulls in held.items()}
        self.fails: dict[str, tuple[int, ForgeError]] = {}
        self.asked: list[tuple[str, datetime | None]] = []

    def repos(self, tenant: str) -> list[str]:
        return sorted(self.held) if tenant == DEFAULT_TENANT else []

    def of(self, tenant: str, repo: str) -> tuple[SignalsReader, ForgeWriter]:
        assert repo in self.repos(tenant)
        return cast("SignalsReader", self), cast("ForgeWriter", self)

    async def pull_requests(self, repo: str, since: datetime | None = None) -> AsyncIterator[PullRequestSignals]:
        self.asked.append((repo, since))
        after, error = self.fails.get(repo, (-1, None))
        for place, pull in enumerate(sorted(self.held[repo], key=lambda one: one.updated_at, reverse=True)):
            if place == after and error is not None:
                raise error
            yield pull


class Desk:
    def __init__(self, ledger: Database, forges: PlayedForges) -> None:
        self.ledger, self.forges = ledger, forges
        self.sync = Sync(ledger, Tenants(ledger, None), forges)

    async def rows(self) -> list[dict[str, Any]]:
        async with self.ledger.transaction(DEFAULT_TENANT) as connection:
            cursor = await connection.execute("SELECT * FROM pull_requests ORDER BY number")
            return await cursor.fetchall()


async def test_what_a_forge_tells_is_kept_and_telling_it_again_changes_nothing(ledger: Database):
    pulls = [
        signals(1, state="merged", merged_at=minutes(1), changed_paths=["a.py"], review_rounds=2),
        signals(2, state="merged", merged_at=minutes(2), reverts=Reverted(number=1), co_agents=["codex"]),
        signals(3, changes_requested=1, review_rounds=1),
    ]
    desk = Desk(ledger, PlayedForges(shop=pulls))

    first = await desk.sync.run(DEFAULT_TENANT)
    again = await desk.sync.run(DEFAULT_TENANT, since=NOON)

    assert (first.whole, first.repos[0].read, first.repos[0].added) == (True, 3, 3)
    assert (again.repos[0].read, again.repos[0].added) == (3, 0)
    (one, two, three) = await desk.rows()
    assert (one["agent"], one["attempts"], one["reverted_by"], one["changed_paths"]) == (
        "claude", 3, f"#{2}", ["a.py"],
    )  # fmt: skip
    assert (two["state"], three["attempts"], three["review_rounds"], three["seen_by"]) == ("merged", 1, 1, ["sync"])


async def test_the_next_sync_begins_where_the_last_whole_one_did(ledger: Database):
    desk = Desk(ledger, PlayedForges(shop=[signals(1)]))
    with FrozenClock() as time:
        began = clock.now()
        await desk.sync.run(DEFAULT_TENANT)
        time.advance(3_600)
        await desk.sync.run(DEFAULT_TENANT)

    assert [since for _, since in desk.forges.asked] == [began - timedelta(days=90), began - AGAIN]


async def test_a_forge_that_has_had_enough_keeps_what_was_read_and_says_when_to_go_on(ledger: Database):
    held = [signals(number) for number in range(1, AT_ONCE + 20)]
    desk = Desk(ledger, PlayedForges(docs=held, shop=[]))
    desk.forges.fails["acme/docs"] = (AT_ONCE + 5, RateLimited(until=minutes(600)))

    stopped = await desk.sync.run(DEFAULT_TENANT)

    assert (stopped.whole, stopped.left, stopped.again_at) == (False, REPOS, minutes(600))
    assert stopped.repos[0].problem == "forge_rate_limited"
    assert len(await desk.rows()) == AT_ONCE + 5

    desk.forges.fails.clear()
    went_on = await desk.sync.run(DEFAULT_TENANT)
    assert (went_on.whole, len(await desk.rows())) == (True, AT_ONCE + 19)


async def test_one_repository_that_cannot_be_read_keeps_none_of_the_others_away(ledger: Database):
    desk = Desk(ledger, PlayedForges(docs=[], shop=[signals(1)]))
    desk.forges.fails["acme/docs"] = (0, NotFoundOnForge())
    desk.forges.held["acme/docs"] = [signals(5)]

    found = await desk.sync.run(DEFAULT_TENANT)

    assert [(one.repo, one.problem) for one in found.repos] == [
        ("acme/docs", "not_found_on_forge"), ("acme/shop", None),
    ]  # fmt: skip
    assert (found.whole, found.left, found.again_at) == (False, [], None)


@pytest.mark.parametrize(("tenant", "repos"), [(DEFAULT_TENANT, ["acme/other"]), ("other", [])])
async def test_a_repository_that_no_forge_names_is_said(ledger: Database, tenant: str, repos: list[str]):
    desk = Desk(ledger, PlayedForges(shop=[]))

    with pytest.raises(ConfigInvalid, match="forges"):
        await desk.sync.run(tenant, repos=repos)
