"""A replay beside a ledger that is in use: it finds what differs, mends that, and keeps nobody waiting for the rest."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tallyward.ledger.database import fetch_all
from tallyward.services.replay import replay
from tests.contract.flow import Flow, flowing


@pytest.fixture
async def flow(database_url: str) -> AsyncIterator[Flow]:
    async with flowing(database_url) as found:
        yield found


async def edit(flow: Flow, how: str) -> None:
    async with flow.site.app.state.database.transaction("default") as connection:
        await connection.execute(how)  # pyright: ignore[reportArgumentType]  # a statement of this file


async def test_a_whole_ledger_is_replayed_while_somebody_else_holds_its_lock(flow: Flow):
    await flow.merges("." * 55 + "x" * 20, agent="axon")
    state = flow.site.app.state
    async with state.database.transaction("default") as writing, asyncio.timeout(20):
        await fetch_all(writing, "lock_outbox")
        found = await replay(state.database, "default", mend=True)
        turned = await state.rates.replay("default", append=True)

    assert (found.whole, found.changed, turned) == (True, 0, (0, 0))


async def test_edited_rows_are_named_then_put_right_and_a_second_time_there_are_none(flow: Flow):
    await flow.merges("....", agent="axon")
    await edit(flow, "UPDATE work_items SET attempts = 9 WHERE story_id <> 'S-1'")
    await edit(flow, "UPDATE work_items SET agent = 'other' WHERE story_id = 'S-2'")
    database = flow.site.app.state.database

    seen = await replay(database, "default", mend=False)
    mended = await replay(database, "default", mend=True)
    again = await replay(database, "default", mend=True)

    assert [(one.story_id, one.differs) for one in seen.differences] == [
        ("S-2", ["agent", "attempts"]), ("S-3", ["attempts"]), ("S-4", ["attempts"]),
    ]  # fmt: skip
    assert (seen.differing, seen.changed, mended.changed, mended.whole) == (3, 0, 3, True)
    assert (again.changed, again.differing) == (0, 0)


async def test_a_row_that_no_event_tells_of_is_named_and_stays(flow: Flow):
    await flow.merge()
    await edit(
        flow,
        "INSERT INTO work_items (project, story_id, phase, attempts, opened_at, updated_at)"
        " VALUES ('web', 'made up', 'build', 1, now(), now())",
    )
    found = await replay(flow.site.app.state.database, "default", mend=True)

    assert [(one.story_id, one.differs) for one in found.differences] == [("made up", ["not in the outbox"])]
    assert not found.whole
