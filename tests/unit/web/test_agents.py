from datetime import UTC, datetime

import pytest

from tallyward.domain.tenant import MergedPrDollars, TenantConfig, light
from tallyward.services.asked import Window
from tallyward.services.board import AgentRow, EconomicsBoard
from tallyward.web.pages.agents import ROOM, figures, render_agents
from tests.frames import frame

WINDOW = Window(since=datetime(2026, 4, 17, tzinfo=UTC), until=None, days=30, tz="UTC")


def board(*agents: AgentRow) -> EconomicsBoard:
    return EconomicsBoard(
        days=30,
        tenant="default",
        sample=False,
        merged_pr_usd={"yellow": 15.0, "red": 30.0},
        window=WINDOW,
        filters={},
        agents=list(agents),
    )


def agent(name: str, per_pr: float | None) -> AgentRow:
    return AgentRow(
        agent=name,
        runs=3,
        cost_usd=None if per_pr is None else per_pr * 2,
        prs_merged=2,
        cost_usd_per_merged_pr=per_pr,
        light=light(per_pr, MergedPrDollars()),
        rows="/v1/fires",
    )


@pytest.mark.parametrize(
    ("per_pr", "expected"),
    [(0.0, "green"), (15.0, "green"), (15.01, "yellow"), (30.0, "yellow"), (30.01, "red"), (None, "undefined")],
)
def test_the_light_is_the_organisations_own_thresholds(per_pr: float | None, expected: str):
    assert light(per_pr, MergedPrDollars()) == expected


def test_thresholds_that_cross_are_a_problem_and_named():
    crossed = TenantConfig(merged_pr_usd=MergedPrDollars(red=10, yellow=20))

    assert crossed.problems() == ["merged_pr_usd.yellow must be from 0 to merged_pr_usd.red"]


def test_what_is_not_metered_is_a_dash_and_never_nought():
    told = {figure.label: figure.text for figure in figures(board(agent("fixer", None)), frame(room=ROOM))}
    assert (told["Cost"], told["Per merged PR"], told["Merged PRs"]) == ("—", "—", "2")
    told = {figure.label: figure.text for figure in figures(board(agent("fixer", 1234.5)), frame(room=ROOM))}
    assert (told["Cost"], told["Per merged PR"]) == ("$2,469.00", "$1,234.50")


def test_each_light_is_told_in_words_too():
    page = render_agents(
        board(agent("fixer", 4.0), agent("writer", 20.0), agent("gardener", 99.0), agent("bumper", None)),
        frame(room=ROOM),
    )

    for word in ("worth it", "watch", "too dear", "undefined"):
        assert f">{word}</span></td>" in page


def test_a_hostile_name_is_text():
    page = render_agents(board(agent("<script>alert(1)</script>", 1.0)), frame(room=ROOM))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_an_empty_page_says_what_brings_an_agent_there():
    page = render_agents(board(), frame(room=ROOM))

    assert "k8s-job" in page
    assert "<table" not in page
