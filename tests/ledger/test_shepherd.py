"""The shepherd on a real ledger and a forge in memory: every look is one event, and nothing is done twice."""

from tallyward.domain.forge import PullRequestSignals
from tallyward.domain.policy_rows import FEATURES
from tallyward.domain.policy_tree import Node, Trained, Tree
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.services.replay import replay
from tallyward.services.shadow import ShadowPolicy
from tallyward.services.shepherd_memory import Memory
from tests.forge_in_memory import REPO
from tests.shepherd_stage import Stage, Watching
from tests.shepherding import GREEN, READY, RED, RUNNING, START, signals

CONFLICT = {"mergeable": False, "merge_state": "DIRTY"}
CLEAN = {"mergeable": True, "merge_state": "CLEAN"}


async def test_a_whole_life_is_led_with_exactly_the_writes_that_it_needs(stage: Stage) -> None:
    forge = stage.forge
    forge.becomes(draft=True, merge_state="DRAFT", approvals=0, checks=[RUNNING])
    assert await stage.look() == "wait"
    forge.becomes(checks=[RED])
    assert await stage.look() == "wait"
    forge.pushed(checks=[GREEN])
    assert await stage.look() == "publish_draft"
    forge.becomes(threads_total=1, threads_unresolved=1, threads_newest_at=stage.time.now())
    assert [await stage.look(), await stage.look()] == ["request_review_fix", "wait"]
    forge.pushed()
    assert await stage.look() == "resolve_threads"
    forge.becomes(**CONFLICT)
    assert [await stage.look(), await stage.look()] == ["request_conflict_fix", "wait"]
    forge.pushed(**CLEAN, behind_by=2)
    assert [await stage.look(), await stage.look()] == ["update_branch", "wait"]
    forge.becomes(approvals=1)
    head = forge.pulls[41].head_sha
    assert [await stage.look(), await stage.look()] == ["merge", None]
    said = ["Can you fix the code reviews?", "Can you fix the merge conflict?"]
    assert forge.written == [
        ("publish", 41), ("comment", 41, said[0]), ("resolve", 41), ("comment", 41, said[1]), ("update", 41),
        ("merge", 41, head, "squash"),
    ]  # fmt: skip


async def test_the_end_is_told_once_with_the_hours_since_the_beginning(stage: Stage) -> None:
    assert [await stage.look(30), await stage.look(), await stage.look()] == ["merge", None, None]
    (ended,) = await stage.events("pull_request.outcome")
    assert (ended["result"], ended["detail"], ended["resolution_hours"]) == ("success", "merged_by_the_shepherd", 1.0)
    assert [point["fields"] for point in await stage.points("outcome")] == [
        {"result": "success", "detail": "merged_by_the_shepherd", "resolution_hours": 1.0}
    ]


async def test_a_dry_run_decides_the_same_and_leaves_the_forge_untouched(stage: Stage) -> None:
    stage.forge.acts = False
    stage.forge.becomes(**CONFLICT)
    assert [await stage.look(), await stage.look()] == ["request_conflict_fix", "wait"]
    stage.forge.pushed(**CLEAN)
    assert await stage.look() == "merge"
    assert stage.forge.written == []
    assert {event["dry_run"] for event in await stage.events("pull_request.decision")} == {True}
    assert await stage.events("pull_request.acted") == []


async def test_what_is_asked_for_as_a_dry_run_is_one_wherever_it_may_act(stage: Stage) -> None:
    assert await stage.look(dry_run=True) == "merge"
    assert stage.forge.written == []
    assert await stage.look() == "merge"
    assert [write[0] for write in stage.forge.written] == ["merge"]


async def test_every_look_is_one_decision_with_the_whole_state_inside(stage: Stage) -> None:
    stage.forge.becomes(checks=[RUNNING])
    await stage.look()
    await stage.look()
    first, second = await stage.events("pull_request.decision")
    assert (first["action"], first["reason"], first["probability"], first["policy"]) == (
        "wait",
        "checks_pending",
        1.0,
        "rules/1",
    )
    assert second["candidates"] == ["wait"]
    state = first["state"]
    assert (state["checks_pending"], state["head_sha"], state["changed_paths"]) == (1, READY.head_sha, 1)
    assert set(PullRequestSignals.__struct_fields__) - set(state) == {"checks"}
    assert {point["fields"]["action"] for point in await stage.points("action_taken")} == {"wait"}
    assert [point["tags"] for point in await stage.points("action_taken")] == [{"repo": REPO, "pr": "41"}] * 2


async def test_the_same_events_come_to_the_same_attempts_and_a_replay_finds_nothing_to_mend(stage: Stage) -> None:
    stage.forge.becomes(**CONFLICT)
    for _ in range(3):
        await stage.look(minutes=61)
    memory = Memory(stage.database, stage.series)
    subject = (await memory.known(DEFAULT_TENANT))[0].subject
    assert await memory.events(DEFAULT_TENANT, subject) == await memory.events(DEFAULT_TENANT, subject)
    before = await stage.shepherd.explain(DEFAULT_TENANT, REPO, 41)
    found = await replay(stage.database, DEFAULT_TENANT, mend=True)
    assert found.whole
    assert found.changed == 0
    assert (await stage.shepherd.explain(DEFAULT_TENANT, REPO, 41)).attempts == before.attempts == {
        "conflict": 2, "review": 0, "resolve": 0
    }  # fmt: skip
    assert (await stage.events("pull_request.decision"))[-1]["attempts"]["conflict"] == 2


async def test_trust_and_holds_are_asked_for_and_heeded(stage: Stage) -> None:
    stage.standing.level = "restricted"
    assert await stage.look() == "wait"
    stage.standing.level, stage.standing.held = "normal", "acme/shop#40"
    assert await stage.look() == "wait"
    stage.standing.held = None
    assert await stage.look() == "merge"
    assert set(stage.standing.asked) == {"copilot"}
    trusts = [(event["trust"], event["held"], event["reason"]) for event in await stage.events("pull_request.decision")]
    assert trusts == [
        ("restricted", None, "awaiting_approval"),
        ("normal", "acme/shop#40", "held"),
        ("normal", None, "merge"),
    ]


async def test_what_a_policy_in_the_shadow_says_is_kept_and_changes_nothing(stage: Stage) -> None:
    watching = Watching()
    stage.shepherd = stage.another(shadow=watching)
    assert await stage.look() == "merge"
    (decision,) = await stage.events("pull_request.decision")
    assert decision["shadow"] == {"policy": "imitation/3", "action": "escalate", "probability": 0.25}
    assert watching.seen == [(41, ["merge"], "merge")]


async def test_a_policy_in_the_shadow_that_breaks_stops_nothing(stage: Stage) -> None:
    stage.shepherd = stage.another(shadow=Watching(breaks=True))
    assert await stage.look() == "merge"
    assert (await stage.events("pull_request.decision"))[0]["shadow"] == {"failed": "RuntimeError"}


async def test_what_is_closed_and_opened_again_begins_anew(stage: Stage) -> None:
    stage.forge.becomes(**CONFLICT)
    await stage.look(61)
    await stage.look(61)
    stage.forge.becomes(state="closed", closed_at=stage.time.now())
    assert await stage.look() is None
    stage.forge.becomes(state="open", closed_at=None)
    assert await stage.look() == "request_conflict_fix"
    assert [event["result"] for event in await stage.events("pull_request.outcome")] == ["closed"]
    assert (await stage.events("pull_request.decision"))[-1]["episode"] == 2


async def test_one_that_cannot_be_read_does_not_keep_the_others_from_being_looked_at(stage: Stage) -> None:
    stage.forge.pulls[42] = signals(number=42)
    assert len((await stage.shepherd.once(DEFAULT_TENANT, dry_run=True)).looked) == 2
    del stage.forge.pulls[42]
    found = await stage.shepherd.once(DEFAULT_TENANT, dry_run=True)
    assert [looked.number for looked in found.looked] == [41]
    assert [(missed.number, missed.code) for missed in found.missed] == [(42, "not_found_on_forge")]


async def test_explaining_keeps_nothing_and_does_nothing(stage: Stage) -> None:
    explained = await stage.shepherd.explain(DEFAULT_TENANT, REPO, 41)
    assert explained.decision.action == "merge"
    assert [guard.reason for guard in explained.guards if guard.holds] == ["merge"]
    assert await stage.decided() == []
    assert stage.forge.written == []


async def test_an_end_that_was_told_is_not_told_again_and_that_of_a_stranger_not_at_all(stage: Stage) -> None:
    stage.forge.pulls[42] = signals(number=42, state="merged", merged_at=START)
    assert await stage.look() == "merge"
    for number in (41, 41, 42):
        assert await stage.shepherd.look(DEFAULT_TENANT, REPO, number) is None
    assert [event["number"] for event in await stage.events("pull_request.outcome")] == [41]


async def test_a_learned_policy_watches_every_look_of_the_real_shepherd_and_acts_in_none(stage: Stage) -> None:
    trained = Trained(rules="rules/1", rows=1, pull_requests=1, since="", until="", cut="", library="")
    lazy = Tree(features=list(FEATURES), nodes=[Node(counts={"wait": 3.0, "merge": 1.0})], trained=trained)
    policy = ShadowPolicy(stage.database)
    stage.shepherd = stage.another(shadow=policy)
    stage.forge.becomes(**CONFLICT)
    await stage.look()
    await policy.turn_on(DEFAULT_TENANT, lazy, actor="kay")
    await stage.look()
    stage.forge.pushed(**CLEAN)
    assert await stage.look() == "merge"
    said = [event["shadow"] for event in await stage.events("pull_request.decision")]
    assert said[0] is None
    assert [(one["policy"], one["action"], one["allowed"]) for one in said[1:]] == [
        (lazy.name, "wait", True),
        (lazy.name, "wait", False),
    ]
