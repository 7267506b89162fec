"""Durable work: begun when its transaction has committed, done in order, tried again, and never lost with a server."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from tallyward import clock
from tallyward.ledger import job_queue
from tallyward.ledger.database import Database
from tallyward.services import durable as module
from tallyward.services.durable import Durable, all_duties
from tallyward.services.duties._base import Duty, Means
from tallyward.services.tenants import Tenants

WAIT_SECONDS = 20.0
JOBS = "SELECT count(*) FROM procrastinate.procrastinate_jobs"


class Noted(Duty):
    """Notes what it is called with, and fails the first times where it is told to."""

    def __init__(self, means: Means, failures: int = 0) -> None:
        super().__init__(means)
        self.failures = failures
        self.calls: list[tuple[str, Mapping[str, int]]] = []
        self.given_up: list[tuple[str, str, Mapping[str, int]]] = []

    async def run(self, tenant: str, ids: Mapping[str, int]) -> None:
        self.calls.append((tenant, ids))
        if len(self.calls) <= self.failures:
            raise ValueError("with a secret in it")

    async def gave_up(self, tenant: str, reason: str, ids: Mapping[str, int]) -> None:
        self.given_up.append((tenant, reason, ids))


class Held(Noted):
    """Does not end until it is let go."""

    def __init__(self, means: Means) -> None:
        super().__init__(means)
        self.go = asyncio.Event()

    async def run(self, tenant: str, ids: Mapping[str, int]) -> None:
        await super().run(tenant, ids)
        await self.go.wait()


class Hourly(Noted):
    every_minutes = 60


@pytest.fixture
def means(ledger: Database) -> Means:
    return Means(ledger, Tenants(ledger, None))


@asynccontextmanager
async def working(means: Means, **duties: Duty) -> AsyncIterator[Durable]:
    durable = Durable(means, duties)
    durable.start()
    try:
        yield durable
    finally:
        await durable.stop()


async def until(condition) -> None:
    """Waits for `condition`, and lets the others work meanwhile."""
    deadline = clock.elapsed_seconds() + WAIT_SECONDS
    while not condition():
        assert clock.elapsed_seconds() < deadline
        await asyncio.sleep(0.01)


async def defer(ledger: Database, duty: str, number: int, lock: str | None = None) -> None:
    async with ledger.transaction("acme") as connection:
        await job_queue.defer(connection, duty, "acme", {"number": number}, lock=lock)


def left(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        (count,) = connection.execute(JOBS).fetchone() or (0,)
    return count


async def test_what_a_committed_transaction_deferred_is_done_and_what_a_failed_one_deferred_is_not(
    ledger: Database, means: Means, database_url: str
) -> None:
    noted = Noted(means)
    async with working(means, noted=noted):
        with suppress(LookupError):
            async with ledger.transaction("acme") as connection:
                await job_queue.defer(connection, "noted", "acme", {"number": 1})
                raise LookupError
        await defer(ledger, "noted", 2)
        await until(lambda: left(database_url) == 0)
    assert noted.calls == [("acme", {"number": 2})]


async def test_a_job_holds_a_tenant_and_numbers_and_its_lock_does_not_say_what_it_is_about(
    ledger: Database, database_url: str
) -> None:
    await defer(ledger, "noted", 7, lock="acme/shop#7")
    with psycopg.connect(database_url, autocommit=True) as owner:
        jobs = owner.execute("SELECT args, lock, queueing_lock FROM procrastinate.procrastinate_jobs").fetchall()
    ((args, lock, waiting),) = jobs
    assert (args, waiting) == ({"tenant": "acme", "number": 7}, None)
    assert lock.startswith("noted/acme/")
    assert "shop" not in lock


async def test_jobs_with_one_lock_are_done_in_the_order_they_were_deferred_and_others_do_not_wait(
    ledger: Database, means: Means
) -> None:
    held = Held(means)
    await defer(ledger, "held", 1, lock="a")
    await defer(ledger, "held", 2, lock="a")
    await defer(ledger, "held", 3, lock="b")
    async with working(means, held=held):
        await until(lambda: len(held.calls) == 2)
        assert [ids["number"] for _, ids in held.calls] == [1, 3]
        held.go.set()
        await until(lambda: len(held.calls) == 3)
    assert held.calls[2][1] == {"number": 2}


async def test_what_fails_is_tried_again_and_given_up_in_the_end_without_a_word_of_the_failure(
    ledger: Database, means: Means, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    Noted.tries = 2
    try:
        lucky, hopeless = Noted(means, failures=1), Noted(means, failures=9)
        async with working(means, lucky=lucky, hopeless=hopeless):
            await defer(ledger, "lucky", 1)
            await defer(ledger, "hopeless", 2)
            await until(lambda: left(database_url) == 0)
    finally:
        Noted.tries = Duty.tries
    assert (len(lucky.calls), lucky.given_up) == (2, [])
    assert (len(hopeless.calls), hopeless.given_up) == (2, [("acme", "ValueError", {"number": 2})])
    assert "hopeless of acme failed with ValueError, for good" in caplog.text
    assert "secret" not in caplog.text


async def test_a_server_that_stops_gives_its_jobs_to_the_next(ledger: Database, means: Means) -> None:
    first, second = Held(means), Held(means)
    async with working(means, held=first):
        await defer(ledger, "held", 1)
        await until(lambda: first.calls)
    second.go.set()
    async with working(means, held=second):
        await until(lambda: second.calls)
    assert second.calls == first.calls


async def test_the_jobs_of_a_server_that_died_are_taken_over(
    ledger: Database, means: Means, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RESCUE_SECONDS", 0.1)
    await defer(ledger, "noted", 1)
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(
            "WITH dead AS (INSERT INTO procrastinate.procrastinate_workers (last_heartbeat)"
            " VALUES (now() - interval '1 hour') RETURNING id)"
            " UPDATE procrastinate.procrastinate_jobs SET status = 'doing', worker_id = dead.id FROM dead"
        )
    noted = Noted(means)
    async with working(means, noted=noted):
        await until(lambda: noted.calls)
    assert noted.calls == [("acme", {"number": 1})]


async def test_the_queue_begins_again_when_its_connections_were_cut(
    ledger: Database, means: Means, database_url: str
) -> None:
    noted = Noted(means)
    async with working(means, noted=noted):
        await defer(ledger, "noted", 1)
        await until(lambda: noted.calls)
        with psycopg.connect(database_url, autocommit=True) as owner:
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await defer(ledger, "noted", 2)
        await until(lambda: len(noted.calls) == 2)
    assert noted.calls[-1] == ("acme", {"number": 2})


async def test_a_periodic_duty_waits_at_most_once_for_each_tenant(
    ledger: Database, tmp_path: Path, database_url: str
) -> None:
    for name in ("acme", "default"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tenant.toml").write_text("")
    means = Means(ledger, Tenants(ledger, tmp_path))
    hourly = Hourly(means)
    durable = Durable(means, {"hourly": hourly})
    for _ in range(3):
        await durable.fall_due("hourly")
    assert left(database_url) == 2
    async with working(means, hourly=hourly):
        await until(lambda: left(database_url) == 0)
    assert sorted(hourly.calls)[:2] == [("acme", {}), ("default", {})]


def test_a_period_must_divide_an_hour_or_a_day() -> None:
    schedules = {}
    for minutes in (0, 5, 15, 60, 360, 1440):
        Hourly.every_minutes = minutes
        schedules[minutes] = Hourly.schedule()
    Hourly.every_minutes = 7
    try:
        with pytest.raises(ValueError, match="7 minutes"):
            Hourly.schedule()
    finally:
        Hourly.every_minutes = 60
    assert schedules == {
        0: None, 5: "*/5 * * * *", 15: "*/15 * * * *", 60: "0 */1 * * *", 360: "0 */6 * * *", 1440: "0 0 * * *",
    }  # fmt: skip


async def test_every_duty_that_is_there_has_a_period_that_works(means: Means) -> None:
    assert all(duty.schedule() or not duty.every_minutes for duty in all_duties(means).values())
