"""How well a learned policy does what the rule table does, on later pull requests than those it was made from.

Rows of one pull request are near copies of each other, a quarter of an hour apart. So what is drawn again for an
interval are whole pull requests, and one whose rows lie on both sides of the cut in time is tested with none of them.
The two things it has to beat are to wait always, and to do always what was done most often before the cut.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from tallyward.domain.policy_rows import DecisionRow
from tallyward.domain.rate import Rate, rate

WAIT = "wait"
TRAINED_SHARE = 0.7  # of the rows lie before the cut
ROWS_MIN, PULLS_MIN, TEST_PULLS_MIN, ACTIONS_MIN = 500, 60, 20, 2
LEARNT_PULLS_MIN = 5  # an action that fewer pull requests needed before the cut is named as not learnt
DRAWS = 1_000
TAIL = 0.025

Draw = Callable[[int], int]  # a number below the one given, at random


class Split(Struct, frozen=True, kw_only=True):
    """Rows before a moment to learn from, and rows from then on, of other pull requests, to be tested with."""

    at: datetime
    learn: list[DecisionRow]
    test: list[DecisionRow]
    on_both_sides: int


class Share(Struct, frozen=True, kw_only=True):
    """A share of rows, and the interval that holds it 95 times in 100 when pull requests are drawn again."""

    value: float | None
    n: int
    pull_requests: int
    low: float | None
    high: float | None


class OfAction(Struct, frozen=True, kw_only=True):
    """How one action was met. The intervals are Wilson's and take rows for independent, which they are not."""

    action: str
    by_rules: int
    pull_requests: int
    by_policy: int
    precision: Rate
    recall: Rate
    learnt: bool


class Report(Struct, frozen=True, kw_only=True):
    """What an evaluation found."""

    rows: int
    pull_requests: int
    agreement: Share
    always_wait: Share
    majority: Share
    majority_action: str
    gain: Share
    agreement_when_acting: Share
    actions: list[OfAction]
    says: list[str]


def too_little(rows: Sequence[DecisionRow]) -> list[str]:
    """What lacks, one sentence each; empty where there is enough to learn from."""
    pulls = len({row.subject for row in rows})
    actions = len({row.action for row in rows})
    lacks = [
        f"{len(rows)} of {ROWS_MIN} decisions" if len(rows) < ROWS_MIN else "",
        f"{pulls} of {PULLS_MIN} pull requests" if pulls < PULLS_MIN else "",
        f"{actions} of {ACTIONS_MIN} different actions" if actions < ACTIONS_MIN else "",
    ]
    return [lack for lack in lacks if lack]


def split(rows: Sequence[DecisionRow]) -> Split:
    """The rows, which are in the order of their time, cut in two by a moment."""
    at = rows[int(len(rows) * TRAINED_SHARE)].at
    return split_at(rows, at)


def split_at(rows: Sequence[DecisionRow], at: datetime) -> Split:
    """The rows cut in two at a moment that is known."""
    learn = [row for row in rows if row.at < at]
    seen = {row.subject for row in learn}
    later = [row for row in rows if row.at >= at]
    test = [row for row in later if row.subject not in seen]
    return Split(at=at, learn=learn, test=test, on_both_sides=len(later) - len(test))


def too_little_to_test(found: Split) -> list[str]:
    """What lacks after the cut, one sentence each."""
    pulls = len({row.subject for row in found.test})
    return [f"{pulls} of {TEST_PULLS_MIN} pull requests after the cut"] if pulls < TEST_PULLS_MIN else []


def most_often(rows: Iterable[DecisionRow]) -> str:
    """What was done most often; of equals the first by name."""
    counted = Counter(row.action for row in rows)
    return min(counted, key=lambda action: (-counted[action], action))


def report(found: Split, chosen: Sequence[str], draw: Draw) -> Report:
    """How `chosen`, one action for each test row, compares with what the rule table did there."""
    majority = most_often(found.learn)
    rules = [row.action for row in found.test]
    subjects = [row.subject for row in found.test]
    hits = [float(mine == theirs) for mine, theirs in zip(chosen, rules, strict=True)]
    baselines = {name: [float(name == theirs) for theirs in rules] for name in (WAIT, majority)}
    waits, most = baselines[WAIT], baselines[majority]
    best = max((waits, most), key=sum)
    acting = [place for place, theirs in enumerate(rules) if theirs != WAIT]
    return Report(
        rows=len(rules),
        pull_requests=len(set(subjects)),
        agreement=share(subjects, hits, draw),
        always_wait=share(subjects, waits, draw),
        majority=share(subjects, most, draw),
        majority_action=majority,
        gain=share(subjects, [mine - base for mine, base in zip(hits, best, strict=True)], draw),
        agreement_when_acting=share([subjects[i] for i in acting], [hits[i] for i in acting], draw),
        actions=_by_action(found, chosen),
        says=[
            "The rule table agrees with itself in every row: agreement is how well it was copied, not how good it is.",
            "What another action would have led to is not in these rows, so nothing here says which is better.",
        ],
    )


def share(subjects: Sequence[str], values: Sequence[float], draw: Draw) -> Share:
    """The mean of `values`, with an interval by drawing whole pull requests again."""
    groups: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for subject, value in zip(subjects, values, strict=True):
        groups[subject][0] += value
        groups[subject][1] += 1
    pulls = list(groups.values())
    if not pulls:
        return Share(value=None, n=0, pull_requests=0, low=None, high=None)
    value = sum(values) / len(values)
    low, high = _span(pulls, value, draw)
    return Share(value=value, n=len(values), pull_requests=len(pulls), low=low, high=high)


def _span(pulls: Sequence[Sequence[float]], value: float, draw: Draw) -> tuple[float, float]:
    """The interval. Where all or none of the rows hit, drawing again always gives the same: then it is Wilson's."""
    if value in {0.0, 1.0}:
        found = rate(int(value) * len(pulls), len(pulls))
        return found.low or 0.0, found.high or 0.0
    means = sorted(_drawn(pulls, draw) for _ in range(DRAWS))
    last = DRAWS - 1
    return means[round(TAIL * last)], means[round((1 - TAIL) * last)]


def _drawn(pulls: Sequence[Sequence[float]], draw: Draw) -> float:
    total = count = 0.0
    for _ in pulls:
        one = pulls[draw(len(pulls))]
        total, count = total + one[0], count + one[1]
    return total / count


def _by_action(found: Split, chosen: Sequence[str]) -> list[OfAction]:
    learnt: dict[str, set[str]] = defaultdict(set)
    for row in found.learn:
        learnt[row.action].add(row.subject)
    pairs = list(zip(chosen, found.test, strict=True))
    told: list[OfAction] = []
    for action in sorted({*chosen, *learnt, *(row.action for row in found.test)}):
        both = sum(mine == row.action == action for mine, row in pairs)
        mine, theirs = sum(one == action for one in chosen), sum(row.action == action for row in found.test)
        told.append(
            OfAction(
                action=action,
                by_rules=theirs,
                pull_requests=len({row.subject for row in found.test if row.action == action}),
                by_policy=mine,
                precision=rate(both, mine),
                recall=rate(both, theirs),
                learnt=len(learnt[action]) >= LEARNT_PULLS_MIN,
            )
        )
    return told
