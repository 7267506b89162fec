"""When the shepherd looks: every few minutes as the tenant said, and soon after a forge told that something changed."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tallyward import clock
from tallyward.domain.forge_config import ForgeConfig
from tallyward.domain.hold import STARTED, ScopeIn, begun
from tallyward.domain.pull_request import PullRequestFacts
from tallyward.domain.scope import Decision
from tallyward.domain.tenant import DEFAULT_TENANT, TenantConfig
from tallyward.ledger.database import Database
from tallyward.services.durable import all_duties
from tallyward.services.duties._base import Means
from tallyward.services.duties.look_again import LookAgain
from tallyward.services.duties.look_at_pull_requests import LookAtPullRequests, due
from tallyward.services.looks import DUTY, ask_for_looks
from tallyward.services.pull_requests import PullRequests
from tallyward.services.revising import append
from tallyward.services.shepherd_standing import ByLedger
from tallyward.services.tenants import Tenants
from tallyward.services.trust import TrustBook
from tallyward.webhooks._base import Told
from tests.shepherd_stage import Stage
from tests.shepherding import READY, signals

OTHER = f"#{READY.number - 1}"


@pytest.mark.parametrize(
    ("every", "minutes"), [(5, [0, 5, 10, 15, 20, 25]), (15, [0, 15]), (1, [0, 5, 10, 15, 20, 25])]
)
def test_every_period_in_which_something_is_due_is_found_once(every: int, minutes: list[int]):
    assert [minute for minute in range(0, 30, 5) if due(minute, every)] == minutes


async def test_a_tenant_without_repositories_is_left_alone(ledger: Database):
    means = Means(ledger, Tenants(ledger, None))
    await means.tenants.ensure(DEFAULT_TENANT)
    await LookAtPullRequests(means).run(DEFAULT_TENANT, {})
    assert await ledger.query(DEFAULT_TENANT, "list_shepherded") == []


async def changed(ledger: Database) -> int:
    """A pull request that a delivery has told of: the number of its row."""
    facts = PullRequestFacts(
        repo="acme/shop", repo_id=7, number=41, state="open", head_branch="x", head_sha=READY.head_sha,
        updated_at=clock.now(),
    )  # fmt: skip
    async with ledger.transaction(DEFAULT_TENANT) as connection:
        await PullRequests(Tenants(ledger, None)).take(connection, DEFAULT_TENANT, facts)
        cursor = await connection.execute("SELECT id FROM pull_requests")
        (found,) = await cursor.fetchall()
    return found["id"]


WATCHED = TenantConfig(forges=(ForgeConfig(name="github", repos=("acme/shop",), token_env="X"),))


@pytest.mark.parametrize(
    ("told", "looks"),
    [
        ({"number": 41}, 1),
        ({"sha": READY.head_sha}, 1),
        ({"number": 42}, 0),
        ({"sha": "f" * 40}, 0),
        ({"number": 41, "repo": "acme/other"}, 0),
        ({}, 0),
    ],
)
async def test_what_a_delivery_is_about_is_looked_at_soon(stage: Stage, told: dict[str, Any], looks: int):
    number = await changed(stage.database)
    about = Told(**{"event": "check_run", "subject": "7#41", "repo": "acme/shop", **told})
    async with stage.database.transaction(DEFAULT_TENANT) as connection:
        await ask_for_looks(connection, DEFAULT_TENANT, WATCHED, [about, about])
    async with stage.database.transaction(DEFAULT_TENANT) as connection:
        cursor = await connection.execute("SELECT task_name, args FROM procrastinate.procrastinate_jobs")
        jobs = await cursor.fetchall()
    assert [(job["task_name"], job["args"]["pull_request"]) for job in jobs] == [(DUTY, number)] * looks
    assert (DUTY in all_duties(Means(stage.database, stage.tenants))) is True


async def test_what_was_looked_at_since_it_changed_is_not_looked_at_again(stage: Stage):
    asked = {"pull_request": await changed(stage.database), "since": 0}
    assert len(await stage.database.query(DEFAULT_TENANT, "find_changed_pull_request", asked)) == 1
    await stage.look()
    assert await stage.database.query(DEFAULT_TENANT, "find_changed_pull_request", asked) == []
    later = {**asked, "since": 2**40}
    assert len(await stage.database.query(DEFAULT_TENANT, "find_changed_pull_request", later)) == 1


async def test_a_change_in_a_repository_that_nobody_named_is_passed_by(ledger: Database):
    means = Means(ledger, Tenants(ledger, None))
    await means.tenants.ensure(DEFAULT_TENANT)
    await LookAgain(means).run(DEFAULT_TENANT, {"pull_request": await changed(ledger), "since": 0})
    assert await ledger.query(DEFAULT_TENANT, "list_shepherded") == []


async def test_a_hold_of_its_work_holds_it_until_the_hold_is_over(stage: Stage):
    told = ScopeIn(project="shop", story_id="S-1", pull_request=41)
    until = clock.now() + timedelta(minutes=30)
    held = Decision(hold=True, blockers=(OTHER,), paths=("src/till.py",), cost=timedelta(), ends_at=until)
    began = {**begun(told, held, "strict", None, clock.now()), "until": clock.iso(until), "at": clock.iso_now()}
    standing = ByLedger(TrustBook(stage.database, stage.tenants))
    found = []
    async with stage.database.transaction(DEFAULT_TENANT) as connection:
        found.append(await standing.of(connection, DEFAULT_TENANT, READY, "copilot"))
        await append(connection, STARTED, msgspec.to_builtins(began))
        found.append(await standing.of(connection, DEFAULT_TENANT, READY, "copilot"))
        found.append(await standing.of(connection, DEFAULT_TENANT, signals(number=42), None))
        stage.time.advance(1_801)
        found.append(await standing.of(connection, DEFAULT_TENANT, READY, "copilot"))
    assert found == [("normal", None), ("normal", OTHER), ("normal", None), ("normal", None)]
