"""The lines are the organisation's own: `tenant.toml` holds from the next merge on, and for the past on replay."""

from pathlib import Path

from tests.contract.flow import flowing

LINES = """
[rates.first_pass_merge_rate]
low = 0.30
high = 0.60
"""


async def test_the_lines_of_a_tenant_are_those_that_are_crossed(database_url: str, tmp_path: Path):
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "tenant.toml").write_text(LINES)
    async with flowing(database_url, tenants_dir=tmp_path) as flow:
        await flow.merges("." * 50 + "x" * 35)
        assert await flow.crossings() == [], "30 % is on the lower line, not under it"
        await flow.merges("x")
        (crossing,) = await flow.events("metric.threshold_crossed")
    assert (crossing["payload"]["threshold"], crossing["payload"]["value"]) == (0.30, 0.28)


async def test_new_lines_hold_for_the_past_once_it_is_replayed(database_url: str, tmp_path: Path):
    async with flowing(database_url) as flow:
        await flow.merges("." * 50 + "x" * 20)
        assert len(await flow.crossings()) == 1
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "tenant.toml").write_text(LINES)
    async with flowing(database_url, tenants_dir=tmp_path) as flow:
        book = flow.site.app.state.rates
        found = [await book.replay("default", append=append) for append in (False, True, True)]
        withdrawn = await flow.events("metric.threshold_withdrawn")
        trust = (await flow.rates())["trust"]["level"]

    assert found == [(0, 1), (0, 1), (0, 0)]
    assert len(withdrawn) == 1
    assert trust == "normal"
