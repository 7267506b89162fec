"""GitHub as the suite of every forge asks it, and what it alone has."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from tallyward.domain.forge import Check, Hook
from tallyward.domain.forge_config import ForgeConfig
from tallyward.forges import _github_queries as queries
from tallyward.forges import _github_words as words
from tallyward.forges._client import within
from tallyward.forges._credential import Token
from tallyward.forges._kept import Kept, Memory
from tallyward.forges.github import Github
from tallyward.redact import Secret
from tallyward.testing.forge_conformance import ForgeConformance
from tallyward.testing.forge_stage import HEAD, NOON, REPO, StagedPull, StagedThread
from tests.forges.github_stage import PULL, GithubStage, delivery, github
from tests.forges.server import Reply, Request

pytestmark = pytest.mark.forges
CONTENT = re.compile(r"\b(title|body\w*|text|message\w*|diff\w*|patch|description|summary|headline)\b", re.IGNORECASE)
DELIVERIES = "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries"


@pytest.fixture
async def stage() -> AsyncIterator[GithubStage]:
    with github() as played:
        forge = played.connect()
        try:
            yield played
        finally:
            await forge.close()


class TestGithub(ForgeConformance):
    """What every forge must do."""


def test_nothing_need_be_said_to_reach_github_itself():
    forge = Github(ForgeConfig(name="github", token_file="-"), Token(Secret("x")), lambda _: [])

    assert (forge.client.base, forge.reader.graphql) == ("https://api.github.com", "https://api.github.com/graphql")


@pytest.mark.parametrize("query", queries.ALL, ids=lambda text: text.split("(")[0])
def test_no_query_names_a_field_that_holds_words(query: str):
    assert not CONTENT.search(query)


def test_the_one_query_that_does_stands_where_words_become_facts():
    assert CONTENT.search(words.MESSAGES)
    assert words.MESSAGES not in vars(queries).values()


async def test_what_has_not_changed_is_not_sent_again(stage: GithubStage):
    stage.hold(StagedPull(checks=(Check(name="unit", status="queued"),)))
    first = await stage.reader.pull_request(REPO, 7)
    asked, same = stage.asked(), stage.server.not_modified
    again = await stage.reader.pull_request(REPO, 7)

    assert again == first
    # All but the one question to GraphQL, which has no tags.
    assert stage.server.not_modified - same == stage.asked() - asked - 1


async def test_what_has_changed_is_read_anew(stage: GithubStage):
    stage.hold(StagedPull())
    await stage.reader.pull_request(REPO, 7)
    stage.hold(StagedPull(labels=("late",), paths=("b",)))
    one = await stage.reader.pull_request(REPO, 7)

    assert (one.labels, one.changed_paths) == (["late"], ["b"])


def test_what_is_kept_is_bounded_and_the_longest_unused_goes_first():
    memory = Memory(most=2)
    for key in ("a", "b"):
        memory.keep((key,), Kept("tag", key, None))
    memory.find(("a",))
    memory.keep(("c",), Kept("tag", "c", None))

    assert (len(memory), memory.find(("b",))) == (2, None)
    assert memory.find(("a",)) == Kept("tag", "a", None)


async def test_a_push_between_two_questions_shows_no_moment_of_another_head(stage: GithubStage):
    stage.hold(StagedPull())

    def pushed_meanwhile(request: Request) -> Reply | None:
        if request.template == PULL:
            stage.hold(StagedPull(head_sha="d" * 40))
            stage.server.extra = stage.server.extra[:-1]
            return Reply(200, stage.rest(StagedPull(), stage.example("GET", "/repos/a/b/pulls/1")))
        return None

    stage.server.extra.append(pushed_meanwhile)
    stage.server.answer(
        "GET",
        "/repos/{owner}/{repo}/compare/{basehead}",
        lambda _: Reply(404, {"message": "No common ancestor"}),
    )
    one = await stage.reader.pull_request(REPO, 7)

    assert (one.head_sha, one.head_at, one.behind_by) == (HEAD, None, None)


async def test_every_thread_of_many_is_counted(stage: GithubStage):
    threads = tuple(StagedThread(NOON + timedelta(minutes=n), resolved=n % 2 == 0) for n in range(230))
    stage.hold(StagedPull(threads=threads))
    one = await stage.reader.pull_request(REPO, 7)

    assert (one.threads_total, one.threads_unresolved) == (230, 115)
    assert one.threads_newest_at == NOON + timedelta(minutes=229)


async def test_auto_merge_and_a_check_run_are_asked_for(stage: GithubStage):
    stage.hold(StagedPull())
    run = stage.example("POST", "/repos/a/b/check-runs")
    stage.server.answer("POST", "/repos/{owner}/{repo}/check-runs", lambda _: run)
    await stage.writer.enable_auto_merge(REPO, 7, "rebase")
    number = await stage.writer.check_run(REPO, HEAD, "tally", "completed", "success", "All is well.")

    [asked] = stage.server.asked("POST", "/repos/{owner}/{repo}/check-runs")
    assert stage.written() == [("auto", 7, "REBASE")]
    assert number == run["id"]
    assert (asked.body["conclusion"], asked.body["output"]["summary"]) == ("success", "All is well.")


async def test_deliveries_since_a_moment_are_found_and_asked_for_again(stage: GithubStage):
    hook = stage.example("GET", "/repos/a/b/hooks")[0]
    ours = {**hook, "id": 12, "config": {"url": "https://tally.example.org/tenants/default/webhook"}}
    stage.server.answer("GET", "/repos/{owner}/{repo}/hooks", lambda _: [hook, ours])
    listed = [delivery(stage, n, NOON + timedelta(minutes=n)) for n in range(9, 0, -1)]
    stage.server.answer("GET", DELIVERIES, lambda _: listed)
    stage.server.answer("POST", DELIVERIES + "/{delivery_id}/attempts", lambda _: {})
    [found] = await stage.reader.hooks(REPO, "/tenants/default/webhook")
    deliveries = await stage.reader.deliveries(found, NOON + timedelta(minutes=7))
    await stage.writer.redeliver(deliveries[0])

    assert found == Hook(repo=REPO, id=12)
    assert [(each.id, each.status_code) for each in deliveries] == [(9, 502), (8, 502), (7, 502)]
    [asked] = stage.server.asked("POST", DELIVERIES + "/{delivery_id}/attempts")
    assert (asked.values["hook_id"], asked.values["delivery_id"]) == ("12", "9")


async def test_an_enterprise_server_has_graphql_beside_rest():
    with github("/api/v3") as played:
        forge = played.connect()
        played.hold(StagedPull())
        one = await played.reader.pull_request(REPO, 7)
        await forge.close()

    assert one.merge_state == "CLEAN"
    assert [each.path for each in played.server.requests if "graphql" in each.path] == ["/api/graphql"]


@pytest.mark.parametrize(
    ("rules", "protected", "reviews", "refused"),
    [
        (["pull_request"], False, False, True),
        (["deletion"], False, False, False),
        ([], True, True, True),
        ([], True, False, False),
    ],
)
async def test_a_branch_refuses_a_push_by_rule_or_by_protection(
    stage: GithubStage, rules: list[str], protected: bool, reviews: bool, refused: bool
):
    branch = {**stage.example("GET", "/repos/a/b/branches/main"), "protected": protected}
    place = "/repos/{owner}/{repo}/branches/{branch}"
    made = [{"type": name, **({"parameters": PULL_REQUEST_RULE} if name == "pull_request" else {})} for name in rules]
    stage.server.answer("GET", "/repos/{owner}/{repo}/rules/branches/{branch}", lambda _: made)
    stage.server.answer("GET", place, lambda _: branch)
    protection = {"required_pull_request_reviews": REVIEWS} if reviews else {}
    stage.server.answer("GET", place + "/protection", lambda _: protection)

    assert await stage.reader.refuses_push(REPO, "release/1.x") is refused


PULL_REQUEST_RULE = {
    "dismiss_stale_reviews_on_push": True,
    "require_code_owner_review": False,
    "require_last_push_approval": False,
    "required_approving_review_count": 1,
    "required_review_thread_resolution": True,
}
REVIEWS = {"dismiss_stale_reviews": True, "require_code_owner_reviews": False}


async def test_runs_and_the_rate_are_told_in_numbers(stage: GithubStage):
    runs = stage.example("GET", "/repos/a/b/actions/runs")
    run = {**runs["workflow_runs"][0], "run_started_at": "2026-05-01T12:00:00Z", "updated_at": "2026-05-01T12:00:42Z"}
    told = {"total_count": 2, "workflow_runs": [run, run]}
    stage.server.answer("GET", "/repos/{owner}/{repo}/actions/runs", lambda _: told)
    limits = stage.example("GET", "/rate_limit")
    stage.server.answer("GET", "/rate_limit", lambda _: limits)

    assert await stage.reader.run_seconds(REPO, 20) == [42.0, 42.0]
    rate = await stage.reader.rate()
    core = limits["resources"]["core"]
    assert (rate.limit, rate.remaining) == (core["limit"], core["remaining"])
    assert rate.resets_at == datetime.fromtimestamp(core["reset"], UTC)


def test_names_in_an_address_cannot_leave_their_place():
    path = within("/repos/{repo}/issues/{n}/labels/{label}", repo=REPO, n=7, label="a/../b?c#d é")

    assert path == "/repos/acme/shop/issues/7/labels/a%2F..%2Fb%3Fc%23d%20%C3%A9"
