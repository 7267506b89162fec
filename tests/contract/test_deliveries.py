"""Deliveries after they were stored: processed in order, tried again, parked, replayed, and looked at."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tallyward.errors import Invalid
from tallyward.ledger import processing as queue
from tallyward.services.processing import Processor
from tests.in_process import InProcess, application
from tests.inbox import KEY, add_secret, deliver, rows, settled
from tests.webhook_examples import github, pull_request


@pytest.fixture
async def server(database_url: str) -> AsyncIterator[InProcess]:
    async with application(database_url, secret_key=KEY) as running:
        await add_secret(running)
        yield running


async def test_what_cannot_be_read_is_parked_with_its_field_and_completed_when_it_returns(
    server: InProcess,
) -> None:
    body = json.dumps({"action": "opened", "pull_request": {}, "repository": {"full_name": "a/b"}}).encode()
    headers = github("pull_request", body)
    first = await deliver(server, body, headers=headers)
    assert first.json["status"] == "parked"
    token = await server.token(["read"])
    board = (await server.call("GET", "/v1/deliveries?state=parked", token=token)).json
    assert [row["reason"] for row in board["deliveries"]] == ["no pull_request.number"]
    assert board["parked"] == 1
    whole = json.dumps(pull_request()).encode()
    again = await deliver(server, whole, headers=github("pull_request", whole, delivery=headers["x-github-delivery"]))
    assert (again.json["status"], again.json["id"]) == ("accepted", first.json["id"])


async def test_closed_before_opened_ends_closed_and_a_rename_stays_one_pull_request(server: InProcess) -> None:
    closed = pull_request(state="closed", updated_at="2026-11-20T12:00:00Z", closed_at="2026-11-20T12:00:00Z")
    closed["repository"] = {"id": 99, "full_name": "acme/store"}
    assert (await deliver(server, closed)).status == 202
    await settled(server)
    assert (await deliver(server, pull_request())).status == 202
    pushed = pull_request(updated_at="2026-11-20T11:00:00Z", head={"ref": "basket", "sha": "c" * 40})
    assert (await deliver(server, {**pushed, "action": "synchronize"})).status == 202
    await settled(server)
    assert await rows(server, "SELECT count(*), min(state) FROM pull_requests") == [(1, "closed")]


async def test_a_rename_and_a_transfer_alone_rename_what_is_kept_and_replayed_late_they_do_not(
    server: InProcess,
) -> None:
    def moved(action: str, called: str, changes: dict[str, Any]) -> dict[str, Any]:
        return {"action": action, "changes": changes, "repository": {"id": 99, "full_name": called}}

    assert (await deliver(server, pull_request())).status == 202
    renamed = moved("renamed", "acme/store", {"repository": {"name": {"from": "shop"}}})
    number = (await deliver(server, renamed, event="repository")).json["id"]
    await settled(server)
    assert await rows(server, "SELECT repo FROM pull_requests") == [("acme/store",)]
    transferred = moved("transferred", "corp/store", {"owner": {"from": {"organization": {"login": "acme"}}}})
    assert (await deliver(server, transferred, event="repository")).status == 202
    back = moved("renamed", "corp/shop", {"repository": {"name": {"from": "store"}}})
    assert (await deliver(server, back, event="repository")).status == 202
    await settled(server)
    assert await rows(server, "SELECT repo FROM pull_requests") == [("corp/shop",)]
    await rows(server, "UPDATE pull_requests SET repo = 'acme/shop'")
    admin = await server.token(["admin"])
    assert (await server.call("POST", f"/v1/deliveries/{number}/replay", token=admin)).status == 202
    await settled(server)
    assert await rows(server, "SELECT repo FROM pull_requests") == [("acme/shop",)], "what was said later stands"


class _Stubborn:
    """Takes in all but one subject."""

    def __init__(self, bad: str) -> None:
        self.bad = bad
        self.taken: list[tuple[str, str | None]] = []

    async def __call__(self, _connection: Any, _tenant: str, told: Any) -> None:
        for one in told:
            if one.subject == self.bad and one.action == "opened":
                raise Invalid("with a word of somebody in it")
            self.taken.append((one.subject, one.action))


async def test_one_that_fails_holds_up_its_subject_alone_then_is_parked_and_the_subject_goes_on(
    database_url: str,
) -> None:
    async with application(database_url, secret_key=KEY) as server:
        await server.app.state.processor.stop()
        await add_secret(server)
        for number in (1, 2):
            for action in ("opened", "labeled"):
                payload = {**pull_request(number=number), "action": action}
                assert (await deliver(server, payload)).status == 202
        handle = _Stubborn("99#1")
        database = server.app.state.database
        processor = Processor(database, handle)
        async with queue.processing(database) as connection:
            assert connection is not None
            assert await processor.step(connection, "default")
            assert handle.taken[-2:] == [("99#2", "opened"), ("99#2", "labeled")]
            waiting = "SELECT subject, action, tries FROM deliveries WHERE state = 'waiting' ORDER BY id"
            assert await rows(server, waiting) == [("99#1", "opened", 1), ("99#1", "labeled", 0)]
            assert not await processor.step(connection, "default"), "none is due"
            for _ in range(4):
                await rows(server, "UPDATE deliveries SET next_try_at = now()")
                assert await processor.step(connection, "default")
            while await processor.step(connection, "default"):
                pass
        assert handle.taken[-1] == ("99#1", "labeled")
        parked = "SELECT subject, action, reason, tries FROM deliveries WHERE state = 'parked'"
        assert await rows(server, parked) == [("99#1", "opened", "invalid", 5)]


async def test_a_backlog_of_thousands_is_begun_as_quickly_as_a_few(database_url: str) -> None:
    async with application(database_url, secret_key=KEY) as server:
        await server.app.state.processor.stop()
        await add_secret(server)
        await deliver(server, pull_request())
        copies = (
            "INSERT INTO deliveries (sender, delivery_id, event, subject, state, facts, tenant)"
            " SELECT sender, 'copy-' || n, event, '99#' || n, state, facts, tenant"
            " FROM deliveries, generate_series(2, 8000) AS n"
        )
        await rows(server, copies)
        async with queue.processing(server.app.state.database) as connection, asyncio.timeout(5):
            assert connection is not None
            begun = await queue.begin(connection, "default")
        assert [one.subject for one in begun] == ["99#7", *(f"99#{n}" for n in range(2, queue.BATCH + 1))]


async def test_a_parked_delivery_is_replayed_by_an_admin_and_the_act_is_told(server: InProcess) -> None:
    answer = await deliver(server, pull_request())
    await settled(server)
    await rows(server, "UPDATE deliveries SET state = 'parked', reason = 'invalid'")
    reader, admin = await server.token(["read"]), await server.token(["admin"])
    assert (await server.call("POST", "/v1/deliveries/replay-parked", token=reader)).status == 403
    replayed = await server.call("POST", "/v1/deliveries/replay-parked", token=admin)
    assert (replayed.status, replayed.json) == (202, {"ids": [answer.json["id"]]})
    await settled(server)
    assert await rows(server, "SELECT state, tries FROM deliveries") == [("done", 1)]
    one = await server.call("POST", f"/v1/deliveries/{answer.json['id']}/replay", token=admin)
    assert one.status == 202
    assert (await server.call("POST", "/v1/deliveries/999/replay", token=admin)).status == 404
    assert len(await rows(server, "SELECT 1 FROM events_outbox WHERE kind = 'deliveries.replayed'")) == 2


async def test_the_listing_says_how_many_came_each_hour_and_when_they_have_ceased(server: InProcess) -> None:
    for number in (1, 2):
        await deliver(server, pull_request(number=number))
    await settled(server)
    token = await server.token(["read"])
    board = (await server.call("GET", "/v1/deliveries", token=token)).json
    assert (len(board["hours"]), sum(board["hours"][-1]["counts"].values())) == (24, 2)
    assert board["silence"]["alarm"] is False
    await rows(server, "UPDATE deliveries SET received_at = now() - interval '25 hours'")
    await rows(server, "UPDATE webhook_secrets SET created_at = now() - interval '25 hours'")
    board = (await server.call("GET", "/v1/deliveries", token=token)).json
    assert (board["silence"]["alarm"], int(board["silence"]["hours"])) == (True, 25)
    for secret in await server.app.state.inbox.secrets.listing("default"):
        await server.app.state.inbox.secrets.revoke("default", secret.id, "tests")
    board = (await server.call("GET", "/v1/deliveries", token=token)).json
    assert board["silence"]["alarm"] is False, "nobody can deliver"
