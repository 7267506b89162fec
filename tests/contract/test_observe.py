"""The clock of the series: what is written of open pull requests, and that one forge's trouble is nobody else's."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tallyward import clock
from tallyward.domain.forge import Check
from tallyward.ledger.database import fetch_all
from tallyward.services.duties._base import Means
from tallyward.services.duties.observe import Observe
from tallyward.testing.forge_stage import CANARY, REPO, StagedPull, Trouble
from tallyward.testing.frozen_clock import FrozenClock
from tests.forges.forgejo_stage import REPO_ID, ForgejoStage, forgejo
from tests.in_process import InProcess, application

STORED = "SELECT repo, pr, tags, fields, ts FROM series_points ORDER BY pr, ns"


class Watch:
    """A site with one forge, and its duty to observe."""

    def __init__(self, site: InProcess, stage: ForgejoStage) -> None:
        self.site, self.stage = site, stage
        self.duty = Observe(Means(site.app.state.database, site.app.state.tenants))

    async def run(self) -> None:
        await self.duty.run("default", {})

    async def rows(self) -> list[dict[str, Any]]:
        async with self.site.app.state.database.transaction("default") as connection:
            return await (await connection.execute(STORED)).fetchall()


@pytest.fixture
async def watch(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Watch]:
    watched = getattr(request, "param", f'["{REPO}"]')
    with forgejo() as stage:
        (tmp_path / "default").mkdir()
        (tmp_path / "default" / "forge.token").write_text("a-token\n", "utf-8")
        account = 'kind = "forgejo"\ntoken_file = "forge.token"\n'
        (tmp_path / "default" / "tenant.toml").write_text(
            f'[[forges]]\nname = "away"\n{account}api_url = "http://127.0.0.1:1"\nrepos = ["acme/away"]\n'
            f'[[forges]]\nname = "forge"\n{account}api_url = "{stage.server.address}"\nrepos = {watched}\n',
            "utf-8",
        )
        await stage.connect().close()  # the site has a connection of its own
        async with application(database_url, tenants_dir=tmp_path) as site:
            await site.app.state.durable.stop()  # the site's own quarter of an hour may be now
            found = Watch(site, stage)
            try:
                yield found
            finally:
                await found.duty.means.forges.close()


async def test_every_open_pull_request_is_one_point_without_a_word_of_it(watch: Watch):
    checks = (Check(name="unit", status="completed", conclusion="success"), Check(name="lint", status="in_progress"))
    watch.stage.hold(StagedPull(number=7, checks=checks), StagedPull(number=8, draft=True, author="bot"))
    begun = clock.now()
    await watch.run()
    first, second = await watch.rows()

    assert [(row["repo"], row["pr"], row["tags"]["author"]) for row in (first, second)] == [
        (REPO, 7, "ann"), (REPO, 8, "bot"),
    ]  # fmt: skip
    assert (first["fields"]["checks_total"], first["fields"]["checks_passing"]) == (2, 1)
    assert (first["fields"]["is_draft"], second["fields"]["is_draft"]) == (False, True)
    assert first["ts"] == second["ts"]
    assert begun - timedelta(seconds=1) <= first["ts"] <= clock.now()
    assert "conflict_attempts" not in first["fields"], "nobody counts them where no decision was taken"
    assert CANARY not in repr(await watch.rows())


async def test_attempts_are_those_of_the_last_decision(watch: Watch):
    watch.stage.hold(StagedPull(number=7))
    for attempts in ({"conflict": 0, "review": 1}, {"conflict": 2, "review": 1}):
        payload = {"subject": f"forge:{REPO_ID}#{7}", "attempts": attempts}
        async with watch.site.app.state.database.transaction("default") as connection:
            row = {"kind": "pull_request.decision", "payload": msgspec.json.encode(payload).decode()}
            await fetch_all(connection, "append_event", row)
    await watch.run()
    (row,) = await watch.rows()

    assert (row["fields"]["conflict_attempts"], row["fields"]["review_fix_attempts"]) == (2, 1)


async def test_each_look_is_another_point_and_a_forge_that_is_away_stops_no_other(
    watch: Watch, caplog: pytest.LogCaptureFixture
):
    watch.stage.hold(StagedPull(number=7))
    await watch.run()
    await watch.run()

    assert len(await watch.rows()) == 2
    assert "acme/away of default cannot be observed: forge_unavailable" in caplog.text


@pytest.mark.parametrize("watch", [f'["{REPO}", "acme/more"]\nlow_priority = ["acme/more"]'], indirect=True)
async def test_a_little_used_repository_is_looked_at_in_the_first_quarter_of_an_hour(watch: Watch):
    def looks() -> int:
        return sum("acme/more/pulls" in request.path for request in watch.stage.server.requests)

    with FrozenClock(clock.now().replace(minute=15)) as time:
        await watch.run()
        assert looks() == 0
        time.advance(60 * 59)
        await watch.run()
    assert looks() > 0


@pytest.mark.parametrize("watch", [f'["{REPO}", "acme/more"]'], indirect=True)
async def test_a_forge_that_has_had_enough_is_left_alone_until_the_next_time(watch: Watch):
    watch.stage.hold(StagedPull(number=7))
    watch.stage.trouble(Trouble(status=429, headers={"Retry-After": "3600"}), 100)
    await watch.run()
    asked = watch.stage.asked()

    assert await watch.rows() == []
    assert asked == 1, "its other repositories were not asked about"
