from datetime import UTC, date, datetime, timedelta

import pytest

from tallyward.domain.access import Principal
from tallyward.domain.tenant import GradeThresholds, grade
from tallyward.services.asked import Window
from tallyward.services.board import EngineerRow, MyBoard, TeamBoard, TeamTotals
from tallyward.web.pages._grades import Grade, counted_words, next_step
from tallyward.web.pages.me import render_me
from tallyward.web.pages.wall import Choice, ordered, render_team

TODAY = date(2026, 5, 17)
WINDOW = Window(since=datetime(2026, 4, 17, tzinfo=UTC), until=None, days=30, tz="UTC")
SERVER = "http://127.0.0.1:8787"
GRADES = {"excellent": 300, "strong": 150, "developing": 50, "untapped": 20}
LEAD = Principal(token_id=1, tenant="default", name="lead", scopes=frozenset({"read"}))
ENGINEER = Principal(token_id=2, tenant="default", name="laptop", scopes=frozenset({"read"}), engineer_id="mona")
ADMIN = Principal(token_id=3, tenant="default", name="owner", scopes=frozenset({"admin"}))


def row(name: str, fires: int, **known: object) -> EngineerRow:
    facts: dict[str, object] = {
        "successful": fires,
        "unique_skills": 1,
        "top_skill": "/start",
        "tool_calls": 0,
        "sessions": 0,
        "all_rows": fires,
        "daily": [0] * 29 + [fires],
        "rows": "/v1/fires",
        **known,
    }
    return EngineerRow(engineer_id=name, fires_30d=fires, utilization=grade(fires, GradeThresholds()), **facts)


def board(*rows: EngineerRow, sample: bool = False) -> TeamBoard:
    fires = sum(each.fires_30d for each in rows)
    team = TeamTotals(
        engineers=len(rows),
        fires_30d=fires,
        successful=fires,
        tool_calls=0,
        sessions=0,
        all_rows=fires,
        daily=[0] * 29 + [fires],
    )
    kinds = ["skill", "agent", "mcp"]
    return TeamBoard(
        days=30,
        tenant="default",
        sample=sample,
        counted_kinds=kinds,
        grades=GRADES,
        window=WINDOW,
        filters={},
        first_day=TODAY - timedelta(days=29),
        engineers=list(rows),
        team=team,
    )


def page(
    shown: TeamBoard, principal: Principal = LEAD, choice: Choice | None = None, *, has_sample: bool = True
) -> str:
    return render_team(
        shown,
        principal,
        choice=choice or Choice(),
        today=TODAY,
        server=SERVER,
        mark="a.0.0",
        has_sample=has_sample,
    )


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        (Choice(), ["b", "A", "c"]),
        (Choice(order="asc"), ["A", "c", "b"]),
        (Choice(sort="engineer", order="asc"), ["A", "b", "c"]),
        (Choice(sort="engineer", order="desc"), ["c", "b", "A"]),
    ],
)
def test_rows_come_in_the_order_that_was_asked_for_and_equals_by_name(choice: Choice, names: list[str]):
    rows = [row("c", 5), row("b", 9), row("A", 5)]
    assert [each.engineer_id for each in ordered(rows, choice)] == names


def test_every_grade_is_a_word_and_a_level():
    names = ("excellent", "strong", "developing", "untapped", "spinning?")
    assert [(Grade.of(name).name, Grade.of(name).level) for name in names] == list(
        zip(names, (4, 3, 2, 1, 0), strict=True)
    )


def test_the_next_grade_is_named_with_what_is_missing():
    thresholds = GradeThresholds()
    assert next_step(0, thresholds) == "21 more in 30 days make it untapped"
    assert next_step(300, thresholds) == "1 more in 30 days makes it excellent"
    assert next_step(301, thresholds) == "The highest grade there is"


def test_what_counts_is_said_from_the_tenants_own_choice():
    assert counted_words(["skill"]).startswith("skills, each use once")
    assert counted_words(["skill", "agent", "mcp"]).startswith("skills, agents and MCP calls,")
    assert "do not count" not in counted_words(["skill", "tool"])


def test_a_name_is_text_wherever_it_stands():
    name = "<script>alert('1')</script>\"><b>"
    shown = page(board(row(name, 3, top_skill=name)))
    assert "<script>alert" not in shown
    assert "<b>" not in shown
    assert "&lt;script&gt;alert" in shown


def test_nothing_on_a_page_is_inline():
    for shown in (page(board(row("mona", 3))), page(board())):
        assert "style=" not in shown
        assert "<style" not in shown
        assert "onclick" not in shown
        assert "<script>" not in shown


def test_the_sample_says_so_and_leads_back_only_if_asked_for():
    stands_in = page(board(row("x", 3), sample=True))
    assert "Sample data: made-up people" in stands_in
    assert "Back to your own data" not in stands_in
    assert "Back to your own data" in page(board(row("x", 3), sample=True), choice=Choice(sample=True))
    assert "sample=1" not in page(board(row("x", 3)), has_sample=False)


def test_only_whoever_may_manage_is_led_to_the_tokens():
    assert "/tokens" in page(board(), ADMIN)
    assert "/tokens" not in page(board(row("mona", 3)), ENGINEER)


def test_ones_own_row_is_marked_but_not_in_the_sample():
    assert ">you<" in page(board(row("mona", 3)), ENGINEER)
    assert ">you<" not in page(board(row("mona", 3), sample=True), ENGINEER)


def test_a_page_of_nobodys_own_says_how_to_get_one():
    shown = render_me(None, LEAD, today=TODAY, server=SERVER, mark="")
    assert "belongs to no engineer" in shown
    nothing = MyBoard(
        engineer_id="mona",
        days=30,
        tenant="default",
        counted_kinds=["skill"],
        grades=GRADES,
        window=WINDOW,
        filters={},
        row=None,
        skills=[],
        recent=[],
    )
    assert "No fires of yours yet" in render_me(nothing, ENGINEER, today=TODAY, server=SERVER, mark="")
