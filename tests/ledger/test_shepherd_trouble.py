"""The shepherd where something goes wrong: lost answers, refusals, other servers, and what changes meanwhile."""

import asyncio
from typing import Any

import pytest

from tallyward.domain.forge import PullRequestSignals
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.errors import ForgeForbidden, ForgeUnavailable, RateLimited
from tallyward.ledger.alone import locks
from tallyward.services.shepherd_acts import comment
from tests.forge_in_memory import REPO
from tests.shepherd_stage import Stage
from tests.shepherding import GREEN, READY, RUNNING

CONFLICT = {"mergeable": False, "merge_state": "DIRTY"}


async def test_who_gave_up_tells_a_person_once_and_tells_the_outcome_once(stage: Stage) -> None:
    stage.forge.becomes(checks=[])
    assert [await stage.look(31), await stage.look(), await stage.look()] == ["wait", "escalate", "wait"]
    assert stage.forge.written == [("labels", 41, "needs-intervention")]
    (ended,) = await stage.events("pull_request.outcome")
    assert (ended["result"], ended["detail"]) == ("escalated", "no_checks_for_long")
    stage.forge.becomes(labels=[], checks=[GREEN])
    assert await stage.look() == "merge", "a person took the label off"


async def test_an_answer_that_was_lost_is_looked_for_and_nothing_is_said_twice(stage: Stage) -> None:
    stage.forge.becomes(**CONFLICT)
    stage.forge.fails, stage.forge.loses_answers = ForgeUnavailable(), True
    assert await stage.look() == "request_conflict_fix"
    assert await stage.events("pull_request.acted") == []
    stage.forge.fails = None
    assert await stage.look() == "wait"
    assert [write[0] for write in stage.forge.written] == ["comment"]
    (acted,) = await stage.events("pull_request.acted")
    assert (acted["ok"], acted["code"]) == (True, "found")


async def test_what_was_never_done_is_done_at_the_next_look(stage: Stage) -> None:
    stage.forge.becomes(**CONFLICT)
    stage.forge.fails = ForgeUnavailable()
    assert await stage.look() == "request_conflict_fix"
    stage.forge.fails = None
    assert await stage.look() == "request_conflict_fix"
    assert [write[0] for write in stage.forge.written] == ["comment"]
    acted = await stage.events("pull_request.acted")
    assert [(one["ok"], one["code"]) for one in acted] == [(False, "not_found"), (True, "done")]
    explained = await stage.shepherd.explain(DEFAULT_TENANT, REPO, 41)
    assert explained.attempts["conflict"] == 1, "what did not happen is no attempt"


async def test_a_comment_carries_the_sentence_and_the_mark_of_its_decision_and_nothing_else(stage: Stage) -> None:
    stage.forge.becomes(**CONFLICT)
    await stage.look()
    (decision,) = await stage.events("pull_request.decision")
    ((number, body),) = stage.forge.comments
    assert (number, body) == (41, comment("request_conflict_fix", decision["id"]))
    assert body == f"Can you fix the merge conflict?\n\n<!-- tallyward:{decision['id']} -->"


async def test_a_merge_whose_answer_was_lost_is_told_as_ours(stage: Stage) -> None:
    stage.forge.fails, stage.forge.loses_answers = ForgeUnavailable(), True
    assert await stage.look() == "merge"
    stage.forge.fails = None
    assert await stage.look() is None
    (ended,) = await stage.events("pull_request.outcome")
    assert (ended["result"], ended["detail"]) == ("success", "merged_by_the_shepherd")


async def test_what_changed_between_the_decision_and_the_act_is_not_acted_on(stage: Stage) -> None:
    before = stage.forge.pull_request
    stale = READY

    async def slow(repo: str) -> list[PullRequestSignals]:
        return [stale]

    stage.forge.open_pull_requests = slow  # type: ignore[method-assign]
    stage.forge.pushed(checks=[RUNNING])
    assert await stage.look() == "merge"
    assert stage.forge.written == []
    (acted,) = await stage.events("pull_request.acted")
    assert (acted["ok"], acted["code"], acted["again"]) == (False, "changed_meanwhile", True)
    assert (await before(REPO, 41)).state == "open"


@pytest.mark.parametrize(("error", "again"), [(ForgeForbidden(), False), (RateLimited(), True)])
async def test_what_a_forge_refuses_is_kept_with_its_code(stage: Stage, error: Any, again: bool) -> None:
    stage.forge.fails = error
    assert await stage.look() == "merge"
    (acted,) = await stage.events("pull_request.acted")
    assert (acted["ok"], acted["code"], acted["again"]) == (False, error.code, again)


async def test_a_merge_that_is_refused_for_good_is_tried_three_times_and_then_a_person_is_asked(stage: Stage) -> None:
    done = []
    for _ in range(4):
        stage.forge.fails = ForgeForbidden() if len(done) < 3 else None
        done.append(await stage.look())
    assert done == ["merge", "merge", "merge", "escalate"]


async def test_two_servers_do_not_both_act(stage: Stage) -> None:
    stage.forge.becomes(**CONFLICT)
    passes = await asyncio.gather(*(stage.another().once(DEFAULT_TENANT) for _ in range(4)))
    assert sum(len(one.looked) for one in passes) >= 1
    assert [write[0] for write in stage.forge.written] == ["comment"]


async def test_whose_lock_another_holds_is_left_to_it(stage: Stage) -> None:
    async with locks(stage.database) as held, held.hold(f"tally.shepherd.{DEFAULT_TENANT}.github:7#41") as mine:
        assert mine
        assert await stage.look() is None
    assert await stage.look() == "merge"
