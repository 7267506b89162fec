"""The sample's month of work: every step of it is one that the table of steps allows, and its rates have turned."""

from tallyward.domain.access import Principal
from tallyward.domain.tenant import SAMPLE_TENANT
from tallyward.ops import sample_merges
from tests.contract.flow import flowing

READER = Principal(token_id=0, tenant=SAMPLE_TENANT, name="tests", scopes=frozenset({"read"}))


async def test_the_month_is_written_once_and_shows_a_bad_week_and_its_end(database_url: str):
    async with flowing(database_url) as flow:
        state = flow.site.app.state
        await state.tenants.ensure(SAMPLE_TENANT)
        for _ in range(2):
            await sample_merges.fill(state.database)
        rates = await state.rates.read(READER)
        history = await state.rates.history(READER)
        trust = await state.trust.read(READER)
        replayed = await state.rates.replay(SAMPLE_TENANT, append=False)

    crossed = [turn.payload for turn in history.turns if turn.kind == "metric.threshold_crossed"]
    assert {turn["direction"] for turn in crossed if turn["metric"] == "first_pass_merge_rate"} == {"down", "up"}
    assert rates.rebase_conflict_rate.value is not None
    assert len({one.level for one in trust.agents}) > 1
    assert replayed == (0, 0)
