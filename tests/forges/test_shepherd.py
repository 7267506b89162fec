"""The shepherd on GitHub as GitHub describes itself: a pull request's whole life, with exactly the writes it needs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from tallyward.domain.forge import Check
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.ledger.database import Database
from tallyward.redact import Secret
from tallyward.services.forges import Forges
from tallyward.services.shepherd import Shepherd
from tallyward.services.shepherd_acts import comment
from tallyward.services.shepherd_hands import shepherd_of
from tallyward.services.shepherd_means import Looked
from tallyward.services.tenants import Tenants
from tallyward.testing.forge_stage import CANARY, REPO, StagedPull, StagedThread
from tallyward.testing.frozen_clock import FrozenClock
from tests.forges.forgejo_stage import forgejo
from tests.forges.github_stage import GithubStage, github
from tests.forges.shepherded import shows_comments, tenants_folder

pytestmark = pytest.mark.forges
GREEN = (Check(name="ci", status="completed", conclusion="success"),)
RED = (Check(name="ci", status="completed", conclusion="failure"),)
RUNNING = (Check(name="ci", status="in_progress"),)


class Repository:
    """GitHub, played, with one pull request in it, and the shepherd of a ledger."""

    def __init__(self, played: GithubStage, database: Database, shepherd: Shepherd, time: FrozenClock) -> None:
        self.played, self.database, self.shepherd, self.time = played, database, shepherd, time
        self.pull = StagedPull(
            number=7, author="copilot", head_branch="copilot/fix-7", head_sha=f"{1:040x}", head_at=time.now(),
            updated_at=time.now(), checks=RUNNING,
        )  # fmt: skip
        self.becomes()

    def becomes(self, **changes: Any) -> None:
        self.pull = structs.replace(self.pull, **changes)
        self.played.hold(self.pull)

    def pushed(self, **changes: Any) -> None:
        self.becomes(head_sha=f"{int(self.pull.head_sha, 16) + 1:040x}", head_at=self.time.now(), **changes)

    async def look(self, minutes: float = 15) -> Looked | None:
        found = await self.shepherd.once(DEFAULT_TENANT)
        assert found.missed == []
        self.time.advance(minutes * 60)
        return found.looked[0] if found.looked else None

    async def step(self, minutes: float = 15) -> str | None:
        looked = await self.look(minutes)
        return looked.action if looked else None


@asynccontextmanager
async def taking_care(url: str, folder: Path, *, acts: bool) -> AsyncIterator[Repository]:
    with FrozenClock() as time, github() as played:
        database = Database(Secret(url))
        tenants = Tenants(database, tenants_folder(folder, played.server.address, acts=acts))
        forges = Forges(tenants)
        await database.open()
        try:
            await tenants.ensure(DEFAULT_TENANT)
            yield Repository(played, database, shepherd_of(database, tenants, forges), time)
            assert played.server.wrong == []
        finally:
            await forges.close()
            await database.close()


async def lead(life: Repository) -> list[str | None]:
    """From red to merged, with a review, a conflict and a base that moves; what was decided on the way."""
    done = [await life.step()]
    life.becomes(checks=RED)
    done.append(await life.step())
    life.pushed(checks=GREEN, draft=True)
    done.append(await life.step())
    life.becomes(draft=False, threads=(StagedThread(began=life.time.now()),))
    life.time.advance(60)
    done += [await life.step(), await life.step()]
    life.pushed()
    done.append(await life.step())
    life.becomes(threads=(), conflicting=True)
    done += [await life.step(), await life.step()]
    life.pushed(conflicting=False, behind_by=2)
    done.append(await life.step())
    life.pushed(behind_by=0)
    done.append(await life.step())
    life.becomes(reviews=(("ann", "approved"),))
    done.append(await life.step())
    life.becomes(state="merged", updated_at=life.time.now())
    done.append(await life.step())
    return done


STEPS = [
    "wait", "wait", "publish_draft", "request_review_fix", "wait", "resolve_threads", "request_conflict_fix", "wait",
    "update_branch", "wait", "merge", None,
]  # fmt: skip


async def test_the_acting_run_leads_a_pull_request_to_its_merge_with_exactly_these_writes(
    database_url: str, tmp_path: Path
):
    async with taking_care(database_url, tmp_path, acts=True) as life:
        assert await lead(life) == STEPS
        written = [(what, number, str([*rest, ""][0]).split("\n")[0]) for what, number, *rest in life.played.written()]
        resolved = life.played.resolved
        rows = await life.database.query(DEFAULT_TENANT, "list_outcomes", {"limit": 5})
        everything = str(
            await life.database.query(DEFAULT_TENANT, "follow_events", {"after": 0, "kinds": None, "limit": 999})
        )
    assert written == [
        ("publish", 7, ""),
        ("comment", 7, "Can you fix the code reviews?"),
        ("comment", 7, "Can you fix the merge conflict?"),
        ("update", 7, ""),
        ("merge", 7, f"{5:040x}"),
    ]
    assert resolved == {"T_0"}
    assert [(row["payload"]["result"], row["payload"]["detail"]) for row in rows] == [
        ("success", "merged_by_the_shepherd")
    ]
    assert CANARY not in everything
    assert "'shadow': None" in everything, "the policy in the shadow was asked, and there is none"


async def test_a_dry_run_says_the_same_and_writes_nothing(database_url: str, tmp_path: Path):
    async with taking_care(database_url, tmp_path, acts=False) as life:
        assert await lead(life) == STEPS
        assert life.played.written() == []
        assert life.played.resolved == set()
        methods = {(request.method, request.template) for request in life.played.server.requests}
        rows = await life.database.query(DEFAULT_TENANT, "list_outcomes", {"limit": 5})
    assert {template for method, template in methods if method != "GET"} <= {""}, "GraphQL alone, to read"
    assert [row["payload"]["detail"] for row in rows] == ["merged_by_others"]


async def test_our_comment_is_known_again_by_its_mark_among_those_of_others(database_url: str, tmp_path: Path):
    async with taking_care(database_url, tmp_path, acts=True) as life:
        reader = life.played.connect().reader
        shows_comments(life.played, f"{CANARY} <!-- tallyward:nothing -->", comment("request_review_fix", "ab" * 10))
        assert await reader.marked(REPO, 7, f"<!-- tallyward:{'ab' * 10} -->") == 2
        assert await reader.marked(REPO, 7, f"<!-- tallyward:{'cd' * 10} -->") is None


async def test_so_it_is_on_forgejo():
    ours = comment("request_conflict_fix", "ab" * 10)
    with forgejo() as played:
        told = [{"id": 1, "body": CANARY}, {"id": 2, "body": ours}]
        played.server.answer("GET", "/repos/{owner}/{repo}/issues/{index}/comments", lambda _: told)
        forge = played.connect()
        assert await forge.reader.marked(REPO, 7, f"<!-- tallyward:{'ab' * 10} -->") == 2
        assert await forge.reader.marked(REPO, 7, f"<!-- tallyward:{'cd' * 10} -->") is None
        assert CANARY not in played.remembered()
        await forge.close()
        assert played.server.wrong == []
