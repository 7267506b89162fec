"""A level that a person sets by hand: for a time, never by an agent, and gone when it is over."""

from datetime import UTC, datetime, timedelta

import pytest

from tallyward.domain.access import Principal
from tallyward.domain.trust import Trust
from tallyward.domain.trust_override import ENDED, OVERRIDDEN, Override, overridden, require_person, standing
from tallyward.errors import ScopeMissing

NOW = datetime(2026, 5, 1, tzinfo=UTC)
FOUND = Trust("restricted", "")


def set_by(by: str, until: datetime, agent: str | None = "axon-1") -> Override:
    since = NOW - timedelta(hours=1)
    return Override(id="1", level="trusted", agent=agent, by=by, reason="release week", since=since, until=until)


@pytest.mark.parametrize(
    ("by", "until", "level"),
    [
        ("kay", NOW + timedelta(hours=1), "trusted"),
        ("kay", NOW, "restricted"),
        ("axon-1", NOW + timedelta(hours=1), "restricted"),
    ],
)
def test_it_holds_until_its_moment_and_never_by_the_agents_own_word(by: str, until: datetime, level: str):
    assert overridden(FOUND, set_by(by, until), now=NOW).level == level


def test_none_outlives_a_month_whatever_it_says():
    assert overridden(FOUND, set_by("kay", NOW + timedelta(days=999)), now=NOW + timedelta(days=31)) is FOUND


@pytest.mark.parametrize(
    ("name", "engineer", "scopes", "may"),
    [
        ("kay's laptop", "kay", ["approve"], True),
        ("kay's laptop", "kay", ["approve", "dispatch"], True),
        ("ops", None, ["admin", "dispatch"], True),
        ("lead", None, ["approve"], True),
        ("orchestrator", None, ["approve", "dispatch"], False),
        ("pod", "axon-1", ["approve"], False),
        ("axon-1", None, ["admin"], False),
    ],
)
def test_a_person_may_and_neither_an_agent_nor_a_machine_that_moves_work(
    name: str, engineer: str | None, scopes: list[str], may: bool
):
    principal = Principal(1, "default", name, frozenset(scopes), engineer_id=engineer)
    if may:
        assert require_person(principal, ["axon-1"]) == (engineer or name)
    else:
        with pytest.raises(ScopeMissing):
            require_person(principal, ["axon-1"])


def test_the_last_event_of_each_agent_says_what_stands():
    events = [
        (OVERRIDDEN, {"agent": None, "id": "3"}),
        (ENDED, {"agent": "b", "id": "2"}),
        (OVERRIDDEN, {"agent": "b", "id": "2"}),
        (OVERRIDDEN, {"agent": "a", "id": "1"}),
    ]

    assert {agent: told["id"] for agent, told in standing(events).items()} == {None: "3", "a": "1"}
