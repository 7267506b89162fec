"""A delivery of a forge brings a look: of the repositories that are named, once it is processed, and of no other."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.in_process import InProcess, application
from tests.inbox import KEY, add_secret, deliver, rows, settled
from tests.webhook_examples import pull_request

JOBS = """
    SELECT args ->> 'pull_request', args ->> 'tenant' FROM procrastinate.procrastinate_jobs
    WHERE task_name = 'look_again'
"""
PULLS = "SELECT id::text FROM pull_requests"


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[InProcess]:
    named = pull_request()["repository"]["full_name"]
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "tenant.toml").write_text(
        f'[[forges]]\nname = "github"\ntoken_env = "NOT_SET"\nrepos = ["{named}"]\n', encoding="utf-8"
    )
    async with application(database_url, secret_key=KEY, tenants_dir=tmp_path) as running:
        await add_secret(running)
        yield running


async def test_what_a_delivery_changed_is_looked_at_soon_after(server: InProcess) -> None:
    assert (await deliver(server, pull_request())).status == 202
    await settled(server)
    ((number,),) = await rows(server, PULLS)
    assert await rows(server, JOBS) == [(number, "default")]


async def test_a_repository_that_no_forge_names_is_not_looked_at(server: InProcess) -> None:
    payload: dict[str, Any] = pull_request()
    payload["repository"] |= {"full_name": "acme/elsewhere", "id": 99}
    assert (await deliver(server, payload)).status == 202
    await settled(server)
    assert len(await rows(server, PULLS)) == 1
    assert await rows(server, JOBS) == []
