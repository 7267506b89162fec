"""A GitHub App shows its key, is granted tokens of an hour, and asks about itself by the key alone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt import decode

from tallyward.domain.forge import DeliveryState, Hook
from tallyward.errors import ForgeTokenRefused, ForgeUnavailable
from tallyward.forges._credential import App
from tallyward.redact import Secret
from tallyward.testing.forge_stage import NOON, REPO
from tallyward.testing.frozen_clock import FrozenClock
from tests.forges.github_stage import GithubStage, delivery, github
from tests.forges.server import Reply, Request

pytestmark = pytest.mark.forges


@pytest.fixture
async def stage() -> AsyncIterator[GithubStage]:
    with github() as played:
        forge = played.connect()
        try:
            yield played
        finally:
            await forge.close()


@pytest.fixture(scope="module")
def key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def as_app(stage: GithubStage, key: str, lives: timedelta) -> list[dict[str, Any]]:
    """GitHub grants tokens to the App with this key, and the App's own JWTs are good for its own calls."""
    claims: list[dict[str, Any]] = []

    def granted(request: Request) -> Reply | None:
        jwt = request.headers.get("authorization", "").split(" ")[-1]
        if jwt.count(".") != 2:
            return None
        claims.append(decode(jwt, options={"verify_signature": False}))
        stage.server.tokens.add(jwt)
        if not request.path.endswith("/access_tokens"):
            return None
        token = f"ghs_{len(claims)}"
        stage.server.tokens = {token, jwt}
        until = stage.connected_at + lives
        return Reply(201, {"token": token, "expires_at": until.strftime("%Y-%m-%dT%H:%M:%SZ")})

    stage.server.extra.insert(0, granted)
    return claims


async def test_an_app_is_granted_a_token_once_an_hour_and_asks_about_itself_by_its_key(stage: GithubStage, key: str):
    claims = as_app(stage, key, timedelta(hours=1))
    stage.server.answer("GET", "/app/hook/deliveries", lambda _: [delivery(stage, 1, NOON)])
    with FrozenClock() as time:
        stage.connected_at = time.now()
        forge = stage.connect(App(12345, 678, Secret(key)))
        for _ in range(3):
            await stage.reader.repository(REPO)
        assert len(claims) == 1
        assert claims[0]["iss"] == "12345"
        time.advance(3600 - 4 * 60)
        stage.connected_at = time.now()
        await stage.reader.repository(REPO)
        assert len(claims) == 2
        [told] = await stage.reader.deliveries(Hook(), NOON)
        await forge.close()

    assert told == DeliveryState(
        hook=Hook(), id=1, guid=told.guid, event=told.event, action=told.action, delivered_at=NOON, status_code=502,
        redelivery=told.redelivery, repo_id=told.repo_id,
    )  # fmt: skip


async def test_a_key_that_is_none_is_refused_here(stage: GithubStage):
    forge = stage.connect(App(12345, 678, Secret("no key")))
    asked = stage.asked()
    with pytest.raises(ForgeTokenRefused, match="private_key_file"):
        await stage.reader.repository(REPO)
    await forge.close()

    assert stage.asked() == asked


@pytest.mark.parametrize("told", [{}, {"token": 5}, {"token": "t", "expires_at": "2026-05-17T12:00:00"}, [], None])
async def test_a_grant_that_cannot_be_read_is_a_forge_that_is_unavailable(stage: GithubStage, key: str, told: Any):
    stage.server.extra.insert(0, lambda r: Reply(201, told) if r.path.endswith("/access_tokens") else None)
    forge = stage.connect(App(12345, 678, Secret(key)))
    with pytest.raises(ForgeUnavailable, match="shape that we do not know"):
        await stage.reader.repository(REPO)
    await forge.close()
