"""Decisions of the real rule table about made-up pull requests, each of which goes its own way to a merge."""

import random
from datetime import timedelta
from typing import Any

from msgspec import structs

from tests.shepherding import GREEN, RED, RUNNING, START, Care, reviewed

LOOK_MINUTES = 15
CLEAN = {"mergeable": True, "merge_state": "CLEAN"}


def decisions(pulls: int, seed: int = 1, *, hours_apart: float = 3.0) -> list[dict[str, Any]]:
    """The payloads of every decision about so many pull requests, in the order of their time."""
    dice = random.Random(seed)  # noqa: S311  # a history
    found = [one for number in range(pulls) for one in _life(dice, number, hours_apart)]
    return sorted(found, key=lambda one: (one["at"], one["subject"]))


def _life(dice: random.Random, number: int, hours_apart: float) -> list[dict[str, Any]]:
    care = Care()
    care.now = START + timedelta(hours=number * hours_apart, minutes=dice.randrange(60))
    opened = {"number": number + 1, "created_at": care.now, "updated_at": care.now, "approvals": 0}
    care.signals = structs.replace(care.signals, **opened, labels=dice.choice(([], ["bug"])))
    _tested(dice, care)
    if dice.random() < 0.6:
        reviewed(care, dice.randint(1, 5))
        _looks(care, dice.randint(2, 3))
        care.pushed()
        _looks(care, 1)
        care.becomes(threads_unresolved=0, threads_newest_at=None)
    if dice.random() < 0.4:
        care.becomes(mergeable=False, merge_state="DIRTY")
        _looks(care, dice.randint(2, 3))
        care.pushed(**CLEAN)
    if dice.random() < 0.3:
        care.becomes(merge_state="BEHIND", behind_by=2)
        _looks(care, 1)
        care.pushed(behind_by=0, **CLEAN)
    care.becomes(approvals=1)
    _looks(care, 1)
    return [payload for kind, payload in care.events if kind == "pull_request.decision"]


def _tested(dice: random.Random, care: Care) -> None:
    """Its checks run, are red for some, and green in the end."""
    care.pushed(checks=[RUNNING])
    _looks(care, dice.randint(1, 4))
    if dice.random() < 0.3:
        care.becomes(checks=[RED])
        _looks(care, dice.randint(1, 3))
        care.pushed(checks=[RUNNING])
        _looks(care, dice.randint(1, 2))
    care.becomes(checks=[GREEN])
    _looks(care, dice.randint(0, 2))


def _looks(care: Care, count: int) -> None:
    for _ in range(count):
        care.look()
        care.passes(LOOK_MINUTES)
