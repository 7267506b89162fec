"""What did not arrive is found in the forge's own list, asked for again, and known for recovered when it comes."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tallyward import clock
from tallyward.services.catch_up import ATTEMPTS_MAX, CatchUp
from tallyward.services.deliveries import CaughtUp
from tallyward.services.duties.catch_up import CatchUpDeliveries
from tests.forges.github_stage import GithubStage, delivery, github
from tests.forges.server import Reply
from tests.in_process import InProcess, application
from tests.inbox import KEY, add_secret, deliver, rows, settled
from tests.webhook_examples import github as signed
from tests.webhook_examples import pull_request

pytestmark = pytest.mark.forges
DELIVERIES = "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries"
ATTEMPTS = DELIVERIES + "/{delivery_id}/attempts"
SETTINGS = """
[[forges]]
name = "github"
api_url = "{address}"
repos = ["acme/shop"]
token_file = "token"
"""


@pytest.fixture
def stage() -> Any:
    with github() as played:
        hook = played.example("GET", "/repos/a/b/hooks")[0]
        ours = {**hook, "id": 12, "config": {"url": "https://ledger.example.org/tenants/default/webhook"}}
        played.server.answer("GET", "/repos/{owner}/{repo}/hooks", lambda _: [hook, ours])
        played.server.answer("POST", ATTEMPTS, lambda _: {})
        yield played


@pytest.fixture
async def server(database_url: str, tmp_path: Path, stage: GithubStage) -> AsyncIterator[InProcess]:
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "tenant.toml").write_text(SETTINGS.format(address=stage.server.address))
    (tmp_path / "default" / "token").write_text("a-token")
    async with application(database_url, secret_key=KEY, tenants_dir=tmp_path) as running:
        await running.app.state.durable.stop()  # the tests themselves look, and nobody else
        yield running


def tried(stage: GithubStage, guid: str, number: int = 1, minutes: int = 60, status: int = 502) -> dict[str, Any]:
    """One attempt of the forge to deliver."""
    at = clock.now() - timedelta(minutes=minutes)
    return {**delivery(stage, number, at), "guid": guid, "event": "pull_request", "status_code": status}


async def look(server: InProcess) -> CaughtUp:
    found = await CatchUp(server.app.state.database, server.app.state.forges).look("default")
    assert found is not None
    return found


def asked(stage: GithubStage) -> list[str]:
    return [request.values["delivery_id"] for request in stage.server.asked("POST", ATTEMPTS)]


async def deliver_as(server: InProcess, guid: str, number: int) -> str:
    """What becomes of one delivery under this number of the forge's."""
    body = json.dumps(pull_request(number=number)).encode()
    answer = await deliver(server, body, headers=signed("pull_request", body, delivery=guid))
    return answer.json["status"]


async def test_f33_what_did_not_arrive_is_asked_for_and_recovered(server: InProcess, stage: GithubStage) -> None:
    await add_secret(server)
    assert await deliver_as(server, "guid-1", 1) == "accepted"
    listed = [
        tried(stage, "guid-1", 1, status=200),
        tried(stage, "guid-2", 2, status=502),
        tried(stage, "guid-3", 3, status=0),
    ]
    stage.server.answer("GET", DELIVERIES, lambda _: listed)

    found = await look(server)

    assert (found.looked, found.missing, found.asked, found.problems) == (1, 2, 2, {})
    assert sorted(asked(stage)) == ["2", "3"]
    missing = "SELECT delivery_id, reason FROM deliveries WHERE state = 'missing' ORDER BY 1"
    assert await rows(server, missing) == [("guid-2", "answered 502"), ("guid-3", "not delivered")]
    token = await server.token(["read"])
    board = (await server.call("GET", "/v1/deliveries", token=token)).json
    assert (board["missing"], board["catch_up"]["asked"]) == (2, 2)
    assert [row["state"] for row in board["deliveries"]][:2] == ["missing", "missing"]

    assert await deliver_as(server, "guid-2", 2) == "accepted"
    await settled(server)
    recovered = "SELECT delivery_id, state FROM deliveries WHERE recovered"
    assert await rows(server, recovered) == [("guid-2", "done")]
    assert (await look(server)).missing == 1
    board = (await server.call("GET", "/v1/deliveries", token=token)).json
    assert (board["missing"], board["recovered"]) == (1, 1)


async def test_what_is_under_way_or_was_refused_again_and_again_is_not_asked_for(
    server: InProcess, stage: GithubStage
) -> None:
    await add_secret(server)
    hopeless = [tried(stage, "hopeless", n, minutes=60 + n) for n in range(ATTEMPTS_MAX)]
    stage.server.answer("GET", DELIVERIES, lambda _: [tried(stage, "fresh", 99, minutes=1), *hopeless])

    found = await look(server)

    assert (found.missing, found.asked, asked(stage)) == (2, 0, [])


async def test_one_that_could_not_be_read_is_asked_for_again(server: InProcess, stage: GithubStage) -> None:
    await add_secret(server)
    body = json.dumps({"pull_request": {}, "repository": {"full_name": "acme/shop"}}).encode()
    parked = await deliver(server, body, headers=signed("pull_request", body, delivery="guid-1"))
    assert parked.json["status"] == "parked"
    stage.server.answer("GET", DELIVERIES, lambda _: [tried(stage, "guid-1", 1, status=202)])

    assert (await look(server)).asked == 1


async def test_a_forge_in_trouble_is_named_by_its_error_and_the_status_is_kept(
    server: InProcess, stage: GithubStage
) -> None:
    await add_secret(server)
    stage.server.answer("GET", DELIVERIES, lambda _: Reply(403, {"message": "no"}))

    found = await look(server)

    assert found.problems == {"acme/shop": "forge_forbidden"}
    board = await server.app.state.deliveries._catch_up("default")
    assert board is not None
    assert board.problems == found.problems


async def test_nobody_is_asked_where_nobody_can_deliver(server: InProcess, stage: GithubStage) -> None:
    assert await CatchUp(server.app.state.database, server.app.state.forges).look("default") is None
    assert stage.asked() == 0


def test_the_forges_are_asked_some_times_an_hour() -> None:
    assert CatchUpDeliveries.schedule() == "*/10 * * * *"
    assert isinstance(clock.now(), datetime)
