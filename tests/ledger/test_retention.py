"""Rows that a tenant no longer keeps are deleted once their sums are kept, and the sums stay as they were."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tallyward.ledger import rollup, rollup_check
from tallyward.ledger.database import Database
from tallyward.services.rolling import Roller, sealable
from tallyward.services.tenants import Tenants
from tallyward.testing.frozen_clock import FrozenClock
from tests.ledger.summed import HOUR, NOW, TARGET, Rows, add_fire, add_request, agrees, sum_up
from tests.ledger.test_rollup import connect

DAY = timedelta(days=1)
HORIZON = TARGET - 60 * DAY
TOLD = (
    "SELECT bucket, engineer_id, fires FROM fires_by_engineer('-infinity', 'infinity', 'hour') ORDER BY 1, 2",
    "SELECT bucket, requests, cost_micros FROM usage_by_engineer('-infinity', 'infinity', 'hour') ORDER BY 1",
)


@pytest.fixture
def rows(database_url: str) -> Iterator[Rows]:
    """A hundred days, one fire and one request on each."""
    with connect(database_url) as found:
        for day in range(100):
            add_fire(found, TARGET - day * DAY - HOUR, latency_ms=day)
            add_request(found, f"{day}", TARGET - day * DAY - HOUR)
        yield found


def told(rows: Rows) -> list[object]:
    return [rows.execute(question).fetchall() for question in TOLD]  # type: ignore[arg-type]  # constants of ours


def kept(rows: Rows) -> tuple[int, int]:
    (found,) = rows.execute(
        "SELECT (SELECT count(*) FROM skill_invocations) AS fires, (SELECT count(*) FROM cost_ledger) AS requests"
    ).fetchall()
    return found["fires"], found["requests"]


async def forget(ledger: Database) -> int:
    async with rollup.summing(ledger) as connection:
        assert connection is not None
        return await rollup.forget(connection, "default", HORIZON)


async def test_nothing_is_deleted_before_its_sums_are_kept(rows: Rows, ledger: Database) -> None:
    assert await forget(ledger) == 0
    await sum_up(ledger)
    add_fire(rows, TARGET - 70 * DAY)  # a mark, so this hour is not summed yet
    assert await forget(ledger) == 0
    assert kept(rows) == (101, 100)


async def test_what_is_deleted_is_still_told(rows: Rows, ledger: Database) -> None:
    await sum_up(ledger)
    before = told(rows)

    assert await forget(ledger) == 2 * 33  # a week more than the 60 days is kept
    assert kept(rows) == (67, 67)
    assert told(rows) == before
    await sum_up(ledger, TARGET + HOUR)
    assert told(rows) == before
    assert agrees(rows, TARGET - 60 * DAY)


async def test_sums_whose_rows_are_gone_are_left_alone_by_a_rebuild(rows: Rows, ledger: Database) -> None:
    await sum_up(ledger)
    before = told(rows)
    await forget(ledger)

    async with rollup.summing(ledger) as connection:
        assert connection is not None
        assert (await rollup_check.rebuild(connection, "default", None, keep=False)).different == []
        await rollup_check.rebuild(connection, "default", None, keep=True)
    assert told(rows) == before


async def test_a_row_from_before_what_is_kept_changes_no_sum_and_goes_again(rows: Rows, ledger: Database) -> None:
    await sum_up(ledger)
    before = told(rows)
    await forget(ledger)

    add_fire(rows, TARGET - 90 * DAY)
    await sum_up(ledger)
    assert told(rows) == before
    assert rows.execute("SELECT 1 FROM rollup_marks").fetchall() == []
    assert await forget(ledger) == 1


async def test_the_server_deletes_what_the_tenant_does_not_keep(rows: Rows, ledger: Database, tmp_path: Path) -> None:
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "tenant.toml").write_text("[retention]\nraw_days = 31\n")
    before = told(rows)

    with FrozenClock(NOW):
        await Roller(ledger, Tenants(ledger, tmp_path)).catch_up()

    assert kept(rows) == (39, 39)
    assert told(rows) == before
    (state,) = rows.execute("SELECT sealed_until FROM rollup_state").fetchall()
    assert state["sealed_until"] == sealable(NOW) == TARGET


async def test_by_default_everything_is_kept(rows: Rows, ledger: Database) -> None:
    await Roller(ledger, Tenants(ledger, None)).catch_up()
    assert kept(rows) == (100, 100)
    assert agrees(rows)
