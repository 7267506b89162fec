"""The page of the inbox: what needs somebody comes first, silence is said aloud, names are text."""

from collections.abc import AsyncIterator

import pytest

from tests.in_process import InProcess, application
from tests.inbox import KEY, add_secret, deliver, rows, settled
from tests.webhook_examples import pull_request


@pytest.fixture
async def server(database_url: str) -> AsyncIterator[InProcess]:
    async with application(database_url, secret_key=KEY) as running:
        await add_secret(running)
        yield running


async def page(server: InProcess, address: str = "/deliveries") -> str:
    answer = await server.call("GET", address, token=await server.token(["admin"]))
    assert answer.status == 200
    return answer.body.decode()


async def test_an_empty_inbox_says_how_to_fill_it(server: InProcess) -> None:
    shown = await page(server)
    assert "No forge has delivered anything" in shown
    assert "/tenants/default/webhook" in shown
    assert "silent" not in shown


async def test_the_command_for_a_secret_is_of_the_tenant_whose_address_is_shown(server: InProcess) -> None:
    await server.app.state.tenants.ensure("acme")
    token, _ = await server.app.state.tokens.create(
        "acme", name="admin", scopes=["admin"], engineer_id=None, actor="tests"
    )
    answer = await server.call("GET", "/deliveries", token=token.reveal())
    shown = answer.body.decode()
    assert "/tenants/acme/webhook" in shown
    assert "tally webhook secret add --tenant acme" in shown


async def test_parked_deliveries_stand_first_with_their_reason(server: InProcess) -> None:
    await deliver(server, {"pull_request": {}, "repository": {"full_name": "acme/shop"}})
    for number in (1, 2):
        await deliver(server, pull_request(number=number))
    await deliver(server, {"zen": "x"}, event="star")
    await settled(server)
    shown = await page(server)
    assert "no pull_request.number" in shown
    assert shown.index("light-red") < shown.index("light-green")
    assert "4 deliveries in 24 hours" in shown
    only = await page(server, "/deliveries?event=star")
    assert "of no concern" in only
    assert "no pull_request.number" not in only


async def test_silence_is_said_aloud(server: InProcess) -> None:
    await deliver(server, pull_request())
    await settled(server)
    await rows(server, "UPDATE deliveries SET received_at = now() - interval '30 hours'")
    await rows(server, "UPDATE webhook_secrets SET created_at = now() - interval '30 hours'")
    shown = await page(server)
    assert 'role="alert"' in shown
    assert "Nothing was delivered for 30 hours" in shown


async def test_a_branch_or_an_action_that_is_markup_is_text(server: InProcess) -> None:
    hostile = "<script>alert(1)</script>"
    payload = pull_request(head={"ref": hostile, "sha": "a" * 40}, labels=[{"name": hostile}])
    await deliver(server, {**payload, "action": hostile})
    await settled(server)
    assert hostile not in await page(server)
