"""Forgejo as the suite of every forge asks it, and what it cannot do or does otherwise."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tallyward.domain.forge import DeliveryState, Hook
from tallyward.errors import ConfigInvalid, ForgeCannot
from tallyward.forges.forgejo import Forgejo
from tallyward.services.forges import Forges
from tallyward.services.tenants import TenantFiles
from tallyward.testing.forge_conformance import ForgeConformance
from tallyward.testing.forge_stage import CANARY, HEAD, NOON, REPO, StagedPull, StagedThread
from tests.forges.forgejo_stage import REPO_ID, ForgejoStage, R, forgejo


@pytest.fixture
async def stage() -> AsyncIterator[ForgejoStage]:
    with forgejo() as played:
        forge = played.connect()
        try:
            yield played
        finally:
            await forge.close()


class TestForgejo(ForgeConformance):
    """What every forge must do."""

    threads_can_be_resolved = False


DELIVERY = DeliveryState(hook=Hook(repo=REPO, id=1), id=1, guid="g", event="pull_request", delivered_at=NOON)


@pytest.mark.parametrize(
    "ask",
    [
        lambda played: played.reader.deliveries(Hook(repo=REPO, id=1), NOON),
        lambda played: played.writer.redeliver(DELIVERY),
        lambda played: played.writer.check_run(REPO, HEAD, "tally", "queued"),
        lambda played: played.writer.resolve_threads(REPO, 7, NOON),
    ],
    ids=["deliveries", "redeliver", "check_run", "resolve_threads"],
)
async def test_what_it_cannot_do_is_said_and_not_asked_for(
    stage: ForgejoStage, ask: Callable[[ForgejoStage], Awaitable[object]]
):
    with pytest.raises(ForgeCannot, match="Forgejo"):
        await ask(stage)

    assert stage.asked() == 0


@pytest.mark.parametrize(
    ("pull", "state"),
    [
        (StagedPull(), "CLEAN"),
        (StagedPull(draft=True), "DRAFT"),
        (StagedPull(conflicting=True), "DIRTY"),
        (StagedPull(state="merged"), "UNKNOWN"),
    ],
)
async def test_how_it_stands_is_said_in_the_words_of_all(stage: ForgejoStage, pull: StagedPull, state: str):
    stage.hold(pull)

    assert (await stage.reader.pull_request(REPO, 7)).merge_state == state


async def test_comments_to_one_line_are_one_thread(stage: ForgejoStage):
    stage.hold(StagedPull(threads=(StagedThread(),)))
    [one] = list(stage._comments(StagedPull(threads=(StagedThread(),))))
    more = {**one, "id": 77, "created_at": "2026-05-01T14:00:00+02:00"}
    stage.server.answer("GET", R + "/pulls/{index}/reviews/{id}/comments", lambda _: [more, one])
    told = await stage.reader.pull_request(REPO, 7)

    assert (told.threads_total, told.threads_unresolved, told.threads_newest_at) == (1, 1, NOON)


async def test_a_title_without_a_known_mark_is_left_alone(stage: ForgejoStage):
    stage.hold(StagedPull(draft=False))
    with pytest.raises(ForgeCannot) as cannot:
        await stage.writer.publish(REPO, 7)

    assert CANARY not in str(cannot.value)
    assert stage.written() == []


async def test_it_merges_by_itself_when_the_checks_succeed(stage: ForgejoStage):
    stage.hold(StagedPull())
    await stage.writer.enable_auto_merge(REPO, 7, "rebase")

    assert stage.written() == [("auto", 7, "rebase")]


@pytest.mark.parametrize(
    ("rule", "pushing", "refused"),
    [("", {}, False), ("main", {"enable_push": False}, True), ("main", {"enable_push": True}, False)],
)
async def test_a_branch_refuses_a_push_by_the_rule_that_holds_for_it(
    stage: ForgejoStage, rule: str, pushing: dict[str, bool], refused: bool
):
    branch = {"name": "main", "protected": bool(rule), "effective_branch_protection_name": rule}
    stage.server.answer("GET", R + "/branches/{branch}", lambda _: branch)
    stage.server.answer("GET", R + "/branch_protections/{name}", lambda _: {"rule_name": rule, **pushing})

    assert await stage.reader.refuses_push(REPO, "main") is refused


async def test_runs_that_ended_are_timed(stage: ForgejoStage):
    moments = {"run_started_at": "2026-05-01T12:00:00Z", "updated_at": "2026-05-01T12:00:30Z"}
    tasks = [{"id": n, "status": status, **moments} for n, status in enumerate(("success", "running", "failure"))]
    told = {"total_count": 3, "workflow_runs": tasks}
    stage.server.answer("GET", R + "/actions/tasks", lambda _: told)

    assert await stage.reader.run_seconds(REPO, 20) == [30.0, 30.0]


async def test_a_webhook_is_found_by_where_it_delivers(stage: ForgejoStage):
    hooks = [
        {"id": 1, "config": {"url": "https://elsewhere.example.org/"}},
        {"id": 2, "config": {"url": "https://tally.example.org/tenants/default/webhook", "content_type": "json"}},
    ]
    stage.server.answer("GET", R + "/hooks", lambda _: hooks)

    assert await stage.reader.hooks(REPO, "/tenants/default/webhook") == [Hook(repo=REPO, id=2)]
    assert (await stage.reader.repository(REPO)).repo_id == REPO_ID
    assert (await stage.reader.rate()).limit is None


def test_where_it_is_must_be_said(tmp_path):
    (tmp_path / "default").mkdir()
    settings = '[[forges]]\nname = "forge"\nkind = "forgejo"\nrepos = ["acme/shop"]\ntoken_env = "T"\n'
    (tmp_path / "default" / "tenant.toml").write_text(settings, encoding="utf-8")
    with pytest.raises(ConfigInvalid, match="api_url is missing"):
        Forges(TenantFiles(tmp_path), {"T": "x"})

    assert Forgejo.address == ""
