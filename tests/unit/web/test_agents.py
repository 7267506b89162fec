from datetime import UTC, datetime
from typing import Any

import pytest

from tallyward.domain.rate import rate
from tallyward.domain.tenant import MergedPrDollars, TenantConfig, light
from tallyward.services.agents import AgentLine, AgentsBoard, AgentWork
from tallyward.services.asked import Window
from tallyward.web.pages.agents import ROOM, figures, render_agents
from tests.frames import frame

WINDOW = Window(since=datetime(2026, 4, 17, tzinfo=UTC), until=None, days=30, tz="UTC")


def work(runs: int, micros: int | None, per_pr: float | None) -> dict[str, Any]:
    return {
        "runs": runs, "successful": runs, "errors": 0, "abandoned": 0, "success": rate(runs, runs),
        "cost_micros": micros,
        "prs_merged": 2, "micros_per_merged_pr": None if per_pr is None else round(per_pr * 1e6),
        "usd_per_merged_pr": per_pr, "light": light(per_pr, MergedPrDollars()),
    }  # fmt: skip


def agent(name: str, per_pr: float | None) -> AgentLine:
    micros = None if per_pr is None else round(per_pr * 2e6)
    return AgentLine(
        agent=name, p50_latency_ms=None, p95_latency_ms=None, survival=None, survival_on=None, rows="/v1/fires",
        **work(3, micros, per_pr),
    )  # fmt: skip


def board(*agents: AgentLine) -> AgentsBoard:
    first = agents[0].usd_per_merged_pr if agents else None
    micros = None if first is None else round(first * 2e6)
    return AgentsBoard(
        tenant="default", window=WINDOW, filters={}, merged_pr_usd={"yellow": 15.0, "red": 30.0},
        entire=AgentWork(**work(3, micros, first)), rows=list(agents),
    )  # fmt: skip


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
