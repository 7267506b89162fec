"""What holds of every decision, whatever the facts, and of every life of a pull request, whatever happens in it."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tallyward.domain.forge import Check, PullRequestSignals
from tallyward.domain.shepherd import decide, verdicts
from tallyward.domain.shepherd_config import ShepherdConfig
from tallyward.domain.shepherd_events import read, tell
from tallyward.domain.shepherd_facts import CAUSE_OF, CAUSES, Effect, Escalation, Facts, History, Instruction
from tallyward.domain.shepherd_guards import LIMITED
from tests.shepherding import START, Care, signals

MINUTES = st.integers(-5_000, 5_000)
MOMENTS = MINUTES.map(lambda minutes: START + timedelta(minutes=minutes))
HEADS = st.sampled_from(["a" * 40, "c" * 40])
CHECKS = st.lists(
    st.builds(
        Check,
        name=st.just("build"),
        status=st.sampled_from(["queued", "in_progress", "completed"]),
        conclusion=st.sampled_from(
            ["success", "failure", "skipped", "neutral", "cancelled", "timed_out", "new-word", None]
        ),
    ),
    max_size=3,
)
CHANGES = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["open"] * 6 + ["closed", "merged"]),
        "draft": st.booleans(),
        "mergeable": st.sampled_from([True, True, True, False, None]),
        "merge_state": st.sampled_from(
            ["CLEAN", "CLEAN", "HAS_HOOKS", "DIRTY", "BLOCKED", "BEHIND", "UNSTABLE", "DRAFT", "UNKNOWN", "NEW_WORD"]
        ),
        "labels": st.lists(
            st.sampled_from(["blocker", "shepherd-off", "needs-intervention", "x"]), max_size=2, unique=True
        ),
        "head_sha": HEADS,
        "head_at": st.none() | MOMENTS,
        "behind_by": st.sampled_from([0, 0, 3, None]),
        "checks": CHECKS | st.just([Check(name="build", status="completed", conclusion="success")]),
        "approvals": st.integers(0, 3),
        "changes_requested": st.integers(0, 1),
        "review_rounds": st.integers(0, 2),
        "threads_total": st.integers(0, 3),
        "threads_unresolved": st.sampled_from([0, 0, 0, 2, None]),
        "threads_newest_at": st.none() | MOMENTS,
    }
)
INSTRUCTED = st.builds(
    Instruction, cause=st.sampled_from(CAUSES), decision=st.just("d"), head_sha=HEADS, sent_at=MOMENTS,
    deadline=MOMENTS, rounds=st.integers(0, 2),
)  # fmt: skip
EFFECTED = st.builds(
    Effect, action=st.sampled_from(["merge", "update_branch", "publish_draft", "resolve_threads"]),
    decision=st.just("d"), head_sha=HEADS, at=MOMENTS,
    ok=st.sampled_from([True, False, None]), rounds=st.integers(0, 2),
)  # fmt: skip
HISTORIES = st.builds(
    History,
    instructions=st.lists(INSTRUCTED, max_size=4).map(tuple),
    effects=st.lists(EFFECTED, max_size=4).map(tuple),
    escalation=st.none()
    | st.builds(Escalation, decision=st.just("d"), head_sha=HEADS, reason=st.just("x"), at=MOMENTS),
    head_sha=HEADS,
    head_seen_at=st.none() | MOMENTS,
    since=st.dictionaries(st.sampled_from([one.reason for one in LIMITED]), MOMENTS),
)


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    return Facts(
        signals=signals(**draw(CHANGES)),
        now=START,
        history=draw(HISTORIES),
        trust=draw(st.sampled_from(["restricted", "normal", "trusted"])),
        held=draw(st.sampled_from([None, None, None, "another"])),
        agent=draw(st.sampled_from(["copilot", "copilot", None])),
    )


@settings(max_examples=600)
@given(any_facts())
def test_it_merges_only_what_is_known_to_be_right_in_every_way(seen: Facts) -> None:
    decision = decide(seen)
    told = seen.signals
    right = (
        told.state == "open"
        and not told.draft
        and told.mergeable is True
        and told.merge_state in {"CLEAN", "HAS_HOOKS"}
        and any(check.conclusion == "success" for check in told.checks)
        and not told.checks_pending
        and not told.checks_failing
        and told.threads_unresolved == 0
        and not told.changes_requested
        and not told.behind_by
        and told.approvals >= {"restricted": 2, "normal": 1, "trusted": 1}[seen.trust]
        and seen.held is None
    )
    assert right or decision.action != "merge"
    assert right or "merge" not in decision.candidates, "not even as what another policy may choose"


@settings(max_examples=600)
@given(any_facts())
def test_it_always_decides_and_only_by_the_facts(seen: Facts) -> None:
    decision = decide(seen)
    assert decision == decide(seen)
    assert decision.action == decision.candidates[0]
    holding = [verdict for verdict in verdicts(seen) if verdict.holds]
    assert (holding[0].action, holding[0].reason) == (decision.action, decision.reason)
    assert (decision.action == "none") == (seen.signals.state != "open")


@settings(max_examples=600)
@given(any_facts())
def test_nothing_is_asked_for_that_is_open_already_or_was_asked_for_often_enough(seen: Facts) -> None:
    decision = decide(seen)
    cause = CAUSE_OF.get(decision.action)
    if cause is not None:
        assert seen.asked(cause) is None
        assert not seen.spent(cause)
        assert decision.instruction is not None
        assert decision.instruction.deadline > seen.now
    else:
        assert decision.instruction is None


@settings(max_examples=300)
@given(any_facts())
def test_an_escalation_of_this_head_keeps_it_still(seen: Facts) -> None:
    stands = seen.history.escalation
    if stands is not None and stands.head_sha == seen.signals.head_sha:
        assert decide(seen).action in {"wait", "none"}


class Life:
    """A pull request to which things happen; after each the shepherd looks. Its promises are held at every look."""

    def __init__(self, *, acting: bool) -> None:
        self.care = Care(acting=acting)
        self.in_a_row = 0

    def step(self, changes: dict[str, Any], minutes: int, *, push: bool, ok: bool, again: bool) -> None:
        care = self.care
        care.passes(minutes)
        care.becomes(**changes)
        if push:
            care.pushed()
        before = care.facts()
        decision = care.look(ok=ok, again=again and not ok)
        cause = CAUSE_OF.get(decision.action)
        assert cause is None or before.asked(cause) is None
        limits = care.config.attempts
        attempts = care.attempts
        assert attempts["conflict"] <= limits.conflict
        assert attempts["review"] <= limits.review
        assert attempts["resolve"] <= limits.resolve
        assert len(care.facts().tries("merge")) <= limits.effect


STEPS = st.lists(
    st.tuples(
        st.fixed_dictionaries(
            {},
            optional={
                "state": st.sampled_from(["open", "open", "open", "closed"]),
                "mergeable": st.sampled_from([True, True, False, None]),
                "checks": CHECKS,
                "behind_by": st.sampled_from([0, 2]),
                "approvals": st.integers(0, 2),
                "changes_requested": st.integers(0, 1),
                "threads_unresolved": st.sampled_from([0, 2]),
                "threads_newest_at": MOMENTS,
                "labels": st.sampled_from([[], ["blocker"], ["needs-intervention"], ["blocker", "needs-intervention"]]),
            },
        ),
        st.sampled_from([1, 5, 61, 121, 1_500]),
        st.booleans(),
        st.sampled_from([True, True, True, False]),
        st.booleans(),
    ),
    max_size=30,
)


@settings(max_examples=80, deadline=None)
@given(STEPS, st.booleans())
def test_in_every_life_no_cause_is_asked_for_twice_at_once_or_too_often(steps: list[Any], acting: bool) -> None:
    life = Life(acting=acting)
    for changes, minutes, push, ok, again in steps:
        life.step(changes, minutes, push=push, ok=ok, again=again)
    events = [read(*event) for event in life.care.events]
    assert tell(events, acting=acting) == tell(events, acting=acting)


@settings(max_examples=80, deadline=None)
@given(CHANGES)
def test_whatever_stays_as_it_is_comes_to_an_end_with_a_person(changes: dict[str, Any]) -> None:
    care = Care(config=ShepherdConfig())
    care.becomes(**{**changes, "state": "open", "labels": ["blocker"]})
    for _ in range(12 * 14):
        decision = care.look(ok=True)
        if decision.action == "escalate":
            return
        care.passes(120)
    raise AssertionError(f"two weeks on it still says {decision.action}: {decision.reason}")


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_waits_but_for_the_last_change_nothing_of_what_the_events_come_to(steps: list[Any]) -> None:
    """So a ledger may read what was done and the last look, however many looks there were."""
    life = Life(acting=True)
    for changes, minutes, push, ok, again in steps:
        life.step(changes, minutes, push=push, ok=ok, again=again)
    whole = life.care.events
    last = max((place for place, (kind, _) in enumerate(whole) if kind == "pull_request.decision"), default=-1)
    short = [
        event
        for place, event in enumerate(whole)
        if place == last or event[0] != "pull_request.decision" or event[1]["action"] != "wait"
    ]
    told, read_short = (tell((read(*event) for event in events), acting=True) for events in (whole, short))
    assert told == read_short


def test_the_signals_are_all_of_them() -> None:
    drawn = {"state", "draft", "mergeable", "merge_state", "labels", "head_sha", "head_at", "behind_by", "checks",
             "approvals", "changes_requested", "review_rounds", "threads_total", "threads_unresolved",
             "threads_newest_at"}  # fmt: skip
    indifferent = {"forge", "repo", "repo_id", "number", "author", "head_branch", "head_repo", "base_branch",
                   "base_sha", "auto_merge", "created_at", "updated_at", "closed_at", "merged_at", "merge_sha",
                   "changed_paths", "commits", "reverts", "co_agents"}  # fmt: skip
    assert drawn | indifferent == set(PullRequestSignals.__struct_fields__), "a new signal: does a guard ask about it?"
