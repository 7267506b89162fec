"""Tokens on a real ledger: shown once, kept as digests, ended within seconds, and every act on the audit trail."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tallyward import clock
from tallyward.domain.access import SCOPES
from tallyward.errors import ConfigInvalid, NotAuthenticated, NotFound
from tallyward.ids import is_token, new_token
from tallyward.ledger.database import Database
from tallyward.redact import Secret
from tallyward.services import tokens as module
from tallyward.services.tokens import CACHE_SECONDS, Tokens
from tallyward.testing.frozen_clock import FrozenClock

REVOCATION_SECONDS = 5.0


@pytest.fixture
async def tokens(ledger: Database) -> Tokens:
    return Tokens(ledger)


@pytest.fixture
async def time() -> AsyncIterator[FrozenClock]:
    with FrozenClock(clock.now()) as frozen:
        yield frozen


async def rows(ledger: Database, statement: Any, tenant: str = "default") -> list[dict[str, Any]]:
    async with ledger.transaction(tenant) as connection:
        return await (await connection.execute(statement)).fetchall()


async def test_a_token_stands_for_what_it_was_made_for(tokens: Tokens) -> None:
    secret, listed = await tokens.create(
        "default", name="laptop", scopes=["read", "capture", "read"], engineer_id="amy", actor="tests"
    )
    principal = await tokens.authenticate(secret)
    assert (principal.tenant, principal.engineer_id, principal.role) == ("default", "amy", "engineer")
    assert principal.scopes == {"capture", "read"}
    assert (listed.id, listed.name, listed.scopes) == (principal.token_id, "laptop", ["capture", "read"])


async def test_only_the_digest_is_kept(tokens: Tokens, ledger: Database) -> None:
    secret, _ = await tokens.create("default", name="laptop", scopes=["read"], actor="tests")
    assert is_token(secret.reveal())
    found = await rows(ledger, "SELECT t::text AS text, digest FROM api_tokens AS t")
    assert [row["digest"] for row in found] == [secret.digest()]
    everything = str(found) + str(await rows(ledger, "SELECT e::text AS text FROM events_outbox AS e"))
    assert secret.reveal() not in everything
    assert secret.reveal()[-20:] not in everything


@pytest.mark.parametrize("scopes", [[], ["write"], ["read", "root"], ["READ"], ["read,capture"]])
async def test_a_scope_that_does_not_exist_makes_no_token(tokens: Tokens, ledger: Database, scopes: list[str]) -> None:
    with pytest.raises(ConfigInvalid, match="capture, read, dispatch, approve, admin"):
        await tokens.create("default", name="laptop", scopes=scopes, actor="tests")
    assert await rows(ledger, "SELECT 1 FROM api_tokens") == []


@pytest.mark.parametrize(
    "facts",
    [
        {"name": ""}, {"name": " \t"}, {"name": "a\0b"}, {"name": "x" * 201}, {"name": "\udcff"},
        {"engineer_id": "a\0b"}, {"engineer_id": "x" * 201}, {"engineer_id": "\udcff"},
    ],
)  # fmt: skip
async def test_a_name_that_cannot_be_stored_makes_no_token(tokens: Tokens, facts: dict[str, str]) -> None:
    with pytest.raises(ConfigInvalid):
        await tokens.create("default", scopes=["read"], actor="tests", **{"name": "laptop", **facts})


async def test_made_up_tokens_stand_for_nobody(tokens: Tokens) -> None:
    for text in (new_token("eng"), "", "x", "tw_eng_", "\N{SNAKE}"):
        with pytest.raises(NotAuthenticated):
            await tokens.authenticate(Secret(text))


async def test_an_expired_token_ends_on_the_second_even_when_it_is_remembered(
    tokens: Tokens, time: FrozenClock
) -> None:
    secret, _ = await tokens.create(
        "default", name="pod", scopes=["read"], expires_at=time.now() + timedelta(seconds=1), actor="tests"
    )
    assert (await tokens.authenticate(secret)).name == "pod"
    time.advance(0.9)
    assert (await tokens.authenticate(secret)).name == "pod"
    time.advance(0.1)
    with pytest.raises(NotAuthenticated):
        await tokens.authenticate(secret)


async def test_a_token_revoked_elsewhere_ends_within_five_seconds(
    tokens: Tokens, ledger: Database, time: FrozenClock
) -> None:
    secret, made = await tokens.create("default", name="pod", scopes=["read"], actor="tests")
    await tokens.authenticate(secret)
    await Tokens(ledger).revoke("default", number=made.id, actor="tests")  # by another server
    assert CACHE_SECONDS < REVOCATION_SECONDS
    time.advance(CACHE_SECONDS + 0.001)
    with pytest.raises(NotAuthenticated):
        await tokens.authenticate(secret)


async def test_a_token_revoked_here_ends_at_once(tokens: Tokens) -> None:
    secret, made = await tokens.create("default", name="pod", scopes=["read"], actor="tests")
    await tokens.authenticate(secret)
    await tokens.revoke("default", number=made.id, actor="tests")
    with pytest.raises(NotAuthenticated):
        await tokens.authenticate(secret)


async def test_a_name_ends_every_living_token_of_that_name_and_of_no_other_tenant(tokens: Tokens) -> None:
    secrets = [
        (await tokens.create(tenant, name=name, scopes=["read"], actor="tests"))[0]
        for tenant, name in (("default", "pod"), ("default", "pod"), ("default", "other"), ("else", "pod"))
    ]
    assert len(await tokens.revoke("default", name="pod", actor="tests")) == 2
    for secret in secrets[:2]:
        with pytest.raises(NotAuthenticated):
            await tokens.authenticate(secret)
    assert [(await tokens.authenticate(secret)).tenant for secret in secrets[2:]] == ["default", "else"]


async def test_what_is_not_there_or_has_ended_or_is_another_tenants_is_not_found(tokens: Tokens) -> None:
    _, made = await tokens.create("default", name="pod", scopes=["read"], actor="tests")
    for tenant, which in (
        ("else", {"number": made.id}),
        ("default", {"number": made.id + 1}),
        ("default", {"name": "x"}),
        ("default", {"name": "\udcff\0"}),
        ("default", {"number": 10**30}),
    ):
        with pytest.raises(NotFound):
            await tokens.revoke(tenant, actor="tests", **which)
    await tokens.revoke("default", number=made.id, actor="tests")
    with pytest.raises(NotFound):
        await tokens.revoke("default", number=made.id, actor="tests")


async def test_every_act_is_an_event_that_says_who_and_what_and_never_the_token(
    tokens: Tokens, ledger: Database
) -> None:
    for name in ("one", "two", "two"):
        await tokens.create("default", name=name, scopes=["read"], engineer_id="amy", actor="token 7")
    await tokens.revoke("default", name="two", actor="tally token revoke")
    events = await rows(ledger, "SELECT kind, payload FROM events_outbox ORDER BY seq")
    assert [event["kind"] for event in events] == ["token.created"] * 3 + ["token.revoked"] * 2
    assert events[0]["payload"] == {
        "token_id": 1, "name": "one", "scopes": ["read"], "engineer_id": "amy", "actor": "token 7",
    }  # fmt: skip
    assert {event["payload"]["actor"] for event in events[3:]} == {"tally token revoke"}
    assert await ledger.query("default", "verify_outbox") == []


async def test_use_is_noted_to_the_minute_and_off_the_path_of_the_request(tokens: Tokens, ledger: Database) -> None:
    secret, _ = await tokens.create("default", name="pod", scopes=["read"], actor="tests")
    assert [item.last_used_at for item in await tokens.listing("default")] == [None]
    await tokens.authenticate(secret)
    await ledger.background.idle()
    (item,) = await tokens.listing("default")
    assert item.last_used_at is not None


async def test_a_flood_of_made_up_tokens_does_not_grow_memory(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHE_ENTRIES_MAX", 10)
    for _ in range(25):
        with pytest.raises(NotAuthenticated):
            await tokens.authenticate(Secret(new_token("eng")))
    assert len(tokens._known) <= 10


async def test_a_list_shows_the_tokens_of_one_tenant_newest_first(tokens: Tokens) -> None:
    for tenant, name in (("default", "a"), ("else", "b"), ("default", "c")):
        await tokens.create(tenant, name=name, scopes=list(SCOPES), actor="tests")
    assert [item.name for item in await tokens.listing("default")] == ["c", "a"]
