from datetime import UTC, date, datetime
from typing import Any

import pytest

from tallyward.domain.rate import UNDEFINED, rate
from tallyward.services.asked import Window
from tallyward.services.skills import SkillLine, SkillsBoard, SkillSeries, Use
from tallyward.web.pages.skills import ROOM, chart_of, rate_words, render_skills
from tests.frames import ENGINEER, LEAD, frame

WINDOW = Window(since=datetime(2026, 4, 17, tzinfo=UTC), until=None, days=30, tz="UTC")
TOLD: dict[str, Any] = {
    "people": 4, "fires": 10, "successful": 9, "errors": 1, "abandoned": 0, "latency_count": 10,
    "success": rate(9, 10), "error": rate(1, 10), "abandon": rate(0, 10),
    "p50_latency_ms": 1_200, "p95_latency_ms": 2_000, "p99_latency_ms": None,
    "input_tokens": None, "output_tokens": None, "cost_micros": None, "suppressed": False,
}  # fmt: skip
HIDDEN: dict[str, Any] = {**dict.fromkeys(TOLD), "suppressed": True}


def line(name: str, **known: Any) -> SkillLine:
    return SkillLine(skill_name=name, kind="skill", rows=f"/v1/fires?skill={name}&from=x", **{**TOLD, **known})


def board(*lines: SkillLine, entire: dict[str, Any] | None = None, found: int | None = None) -> SkillsBoard:
    return SkillsBoard(
        tenant="default", window=WINDOW, filters={}, sample=False, kinds=["skill"], page=1, limit=100,
        found=len(lines) if found is None else found, entire=Use(**(entire or TOLD)), rows=list(lines),
        days=[date(2026, 5, 1), date(2026, 5, 2)], daily=[],
    )  # fmt: skip


def test_a_rate_is_told_with_its_number_of_cases_and_its_interval():
    assert rate_words(rate(9, 10)) == "90% of 10; between 60% and 98% with 95% confidence"
    assert rate_words(UNDEFINED) == "no case, so no rate"
    assert "95% confidence" in render_skills(board(line("ship")), frame(LEAD, ROOM))


def test_a_skill_that_no_fire_of_is_known_has_no_rate_and_not_nought():
    shown = render_skills(board(line("ship", fires=0, success=UNDEFINED)), frame(LEAD, ROOM))
    assert 'title="no case, so no rate">—<' in shown


def test_a_suppressed_skill_shows_its_name_and_nothing_else():
    shown = render_skills(board(line("secret", **HIDDEN)), frame(ENGINEER, ROOM))
    assert "used by fewer than three people" in shown
    assert "skill=secret" not in shown


def test_the_totals_of_an_engineer_lead_nowhere_and_those_of_a_lead_to_all_rows():
    totals = '<dd><a href="/fires?days=7">'
    assert totals not in render_skills(board(line("x")), frame(ENGINEER, ROOM, {"days": "7"}))
    assert totals in render_skills(board(line("x")), frame(LEAD, ROOM, {"days": "7"}))


def test_every_number_leads_to_its_rows_in_the_sample_too():
    shown = render_skills(board(line("ship")), frame(LEAD, ROOM, {"sample": "1"}, sample=True))
    assert 'href="/fires?skill=ship&amp;from=x&amp;sample=1"' in shown
    assert 'href="/fires?skill=ship&amp;from=x&amp;sample=1&amp;status=error"' in shown


def test_nothing_at_all_and_nothing_found_are_told_apart():
    assert "No skill has fired" in render_skills(board(), frame(LEAD, ROOM))
    assert "No skill's name holds" in render_skills(board(), frame(LEAD, ROOM, {"q": "zzz"}))


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "\u202eevil", "n" * 300, "👩‍🚀" * 40, "100%s", "o'b\"; --"]
)
def test_a_hostile_name_is_text_and_short(name: str):
    shown = render_skills(board(line(name)), frame(LEAD, ROOM))
    assert "<script>alert" not in shown
    assert f">{name}<" not in shown or len(name) <= 120


def test_ten_thousand_skills_are_turned_by_pages():
    shown = render_skills(board(line("x"), found=10_000), frame(LEAD, ROOM, {"sort": "x", "days": "7"}))
    assert "1 to 1 of 10,000" in shown
    assert "page=2" in shown


def test_the_days_are_stacked_by_skill_and_a_name_of_two_kinds_is_told_apart():
    shown = board(line("x"))
    assert chart_of(shown) is None
    shown.daily = [
        SkillSeries(skill_name="x", kind="skill", fires=[3, 0]),
        SkillSeries(skill_name="x", kind="agent", fires=[1, 1]),
        SkillSeries(skill_name="y", kind="skill", fires=[0, 1]),
    ]
    chart = chart_of(shown)
    assert chart
    assert [one.name for one in chart.series] == ["x (skill)", "x (agent)", "y"]
    assert chart.most == 4
