"""What GitHub refuses, and what we make of it: limits, rights, errors of GraphQL."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tallyward.domain.forge_config import ForgeConfig
from tallyward.errors import (
    ForgeConflict,
    ForgeForbidden,
    ForgeTokenRefused,
    ForgeUnavailable,
    NotFoundOnForge,
    RateLimited,
)
from tallyward.services.forges import credential
from tallyward.testing.forge_stage import CANARY, HEAD, REPO, StagedPull
from tallyward.testing.frozen_clock import FrozenClock
from tests.forges.github_stage import GithubStage, github
from tests.forges.server import Reply

pytestmark = pytest.mark.forges


@pytest.fixture
async def stage() -> AsyncIterator[GithubStage]:
    with github() as played:
        forge = played.connect()
        try:
            yield played
        finally:
            await forge.close()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Retry-After": "60"}, {"message": "You have exceeded a secondary rate limit"}),
        ({}, {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}),
        ({}, {"documentation_url": "https://docs.github.com/rest/overview/rate-limits#about-secondary-rate-limits"}),
    ],
)
async def test_a_second_limit_is_told_from_a_missing_right(
    stage: GithubStage, headers: dict[str, str], body: dict[str, str]
):
    stage.server.next_replies = [Reply(403, body, headers)]
    with FrozenClock() as time:
        with pytest.raises(RateLimited) as limited:
            await stage.reader.repository(REPO)
        assert limited.value.until == time.now() + timedelta(seconds=60)
        time.advance(61)
        assert (await stage.reader.repository(REPO)).repo == REPO


async def test_the_last_question_of_an_hour_closes_the_door_until_the_reset(stage: GithubStage):
    with FrozenClock() as time:
        reset = time.now() + timedelta(minutes=40)
        stage.server.headers = {
            "X-RateLimit-Limit": "5000",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(int(reset.timestamp())),
        }
        await stage.reader.repository(REPO)
        asked = stage.asked()
        with pytest.raises(RateLimited) as limited:
            await stage.writer.comment(REPO, 7, "hello")

        assert (limited.value.until, stage.asked()) == (reset, asked)


async def test_a_missing_right_is_named_and_single_sign_on_too(stage: GithubStage):
    stage.server.next_replies = [
        Reply(403, {"message": CANARY}, {"X-Accepted-GitHub-Permissions": "pull_requests=write"}),
        Reply(403, {"message": CANARY}, {"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso"}),
        Reply(422, {"message": CANARY, "errors": [{"field": "head", "code": "invalid", "message": CANARY}]}),
    ]
    told: list[str] = []
    for _ in range(3):
        with pytest.raises(Exception, match="POST /repos") as refused:
            await stage.writer.comment(REPO, 7, "hello")
        told.append(str(refused.value))

    assert "pull_requests=write" in told[0]
    assert "single sign-on" in told[1]
    assert "head" in told[2]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("NOT_FOUND", NotFoundOnForge),
        ("FORBIDDEN", ForgeForbidden),
        ("UNPROCESSABLE", ForgeConflict),
        ("RATE_LIMITED", RateLimited),
        ("SOMETHING_NEW", Exception),
        ("", ForgeUnavailable),
    ],
)
async def test_an_error_of_graphql_is_an_error_of_its_kind(stage: GithubStage, kind: str, error: type[Exception]):
    stage.hold(StagedPull())
    stage.graphql_errors = [{"type": kind, "message": CANARY}] * 3
    with pytest.raises(error) as raised:
        await stage.writer.publish(REPO, 7)

    assert CANARY not in str(raised.value)


async def test_trouble_of_one_kind_of_question_does_not_stop_the_other(stage: GithubStage):
    stage.hold(StagedPull())
    stage.graphql_errors = [{"type": "RATE_LIMITED", "message": CANARY}]
    with pytest.raises(RateLimited):
        await stage.reader.pull_request(REPO, 7)

    assert (await stage.reader.repository(REPO)).repo == REPO


async def test_a_request_that_github_does_not_know_is_noticed(stage: GithubStage):
    await_wrong = stage.server.wrong
    for method, path, body in (
        ("GET", "/repos/acme/shop/pulls?sorted=updated", None),
        ("GET", "/repos/acme/shop/pulls?state=everything", None),
        ("GET", "/repos/acme/shop/pulls/seven", None),
        ("GET", "/repos/acme/shop/pull/7", None),
        ("PUT", "/repos/acme/shop/pulls/7/merge", {"commit": HEAD}),
        ("POST", "/repos/acme/shop/check-runs", {"name": "x"}),
        ("POST", "/repos/acme/shop/issues/7/comments", None),
    ):
        before = len(await_wrong)
        raw = b"" if body is None else repr(body).replace("'", '"').encode()
        stage.server.reply(method, path, {"authorization": "Bearer a-token"}, raw)
        assert len(await_wrong) > before, path
    await_wrong.clear()


async def test_a_token_that_was_renewed_is_read_from_its_file_without_a_new_start(tmp_path: Path):
    (tmp_path / "token").write_text("old-token", encoding="utf-8")
    with github() as played:
        config = ForgeConfig(name="github", token_file="token", repos=(REPO,))
        forge = played.connect(credential(config, tmp_path, {}))
        (tmp_path / "token").write_text("a-token", encoding="utf-8")
        with pytest.raises(ForgeTokenRefused):
            await played.reader.repository(REPO)
        found = await played.reader.repository(REPO)
        await forge.close()

    assert found.repo == REPO
