from datetime import UTC, date, datetime
from urllib.parse import quote

import pytest

from tallyward.domain.access import Principal
from tallyward.domain.tenant import GradeThresholds, grade
from tallyward.errors import Invalid
from tallyward.services.asked import Window
from tallyward.services.board import EngineerRow, TeamBoard, TeamTotals
from tallyward.web.pages._grades import Grade, counted_words, next_step
from tallyward.web.pages.wall import ROOM, Choice, found, ordered, render_team
from tests.frames import ADMIN, ENGINEER, LEAD, frame

WINDOW = Window(since=datetime(2026, 4, 17, tzinfo=UTC), until=None, days=30, tz="UTC")
GRADES = {"excellent": 300, "strong": 150, "developing": 50, "untapped": 20}


def row(name: str, fires: int, **known: object) -> EngineerRow:
    facts: dict[str, object] = {
        "successful": fires,
        "unique_skills": 1,
        "top_skill": "/start",
        "tool_calls": 0,
        "sessions": 0,
        "all_rows": fires,
        "daily": [0] * 29 + [fires],
        "rows": f"/v1/fires?from=2026-04-17T00%3A00%3A00Z&engineer={quote(name)}&kind=skill",
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
        first_day=date(2026, 4, 18),
        engineers=list(rows),
        team=team,
    )


def page(
    shown: TeamBoard, principal: Principal = LEAD, given: dict[str, str] | None = None, *, has_sample: bool = True
) -> str:
    around = frame(principal, ROOM, given, sample=shown.sample, has_sample=has_sample)
    return render_team(shown, around, Choice())


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
    assert "Back to your own data" in page(board(row("x", 3), sample=True), given={"sample": "1"})
    assert "sample=1" not in page(board(row("x", 3)), has_sample=False)


def test_only_whoever_may_manage_is_led_to_the_tokens():
    assert "/tokens" in page(board(), ADMIN)
    assert "/tokens" not in page(board(row("mona", 3)), ENGINEER)


def test_ones_own_row_is_marked_but_not_in_the_sample():
    assert ">you<" in page(board(row("mona", 3)), ENGINEER)
    assert ">you<" not in page(board(row("mona", 3), sample=True), ENGINEER)


def test_a_search_finds_names_that_hold_it_in_any_case():
    rows = [row("Mona", 3), row("amon", 2), row("zoe", 1)]
    assert [each.engineer_id for each in found(rows, "MON")] == ["Mona", "amon"]
    assert "No engineer's name holds" in page(board(row("zoe", 1)), given={"q": "mona"})


def test_every_number_of_a_row_leads_to_its_rows():
    shown = page(board(row("o'brien & co", 3)))
    at = 'href="/fires?from=2026-04-17T00%3A00%3A00Z&amp;engineer=o%27brien+%26+co'
    assert f'{at}&amp;kind=skill"' in shown
    assert f'{at}&amp;kind=skill&amp;status=success"' in shown
    assert f'{at}&amp;kind=tool"' in shown
    assert f'{at}"' in shown
    assert "sample=1" in page(board(row("x", 3), sample=True)).partition("<tbody>")[2]


def test_what_an_engineer_may_not_list_is_no_link():
    assert "/fires?kind=" not in page(board(row("mona", 3)), ENGINEER)
    assert "/fires?kind=" in page(board(row("mona", 3)), LEAD)


@pytest.mark.parametrize(("sort", "order", "field"), [("shoe", "desc", "sort"), ("fires", "up", "order")])
def test_an_unknown_order_is_refused_by_its_name(sort: str, order: str, field: str):
    with pytest.raises(Invalid) as refused:
        Choice.of(sort, order)
    assert refused.value.field == field


def test_the_totals_of_too_few_people_are_not_told():
    shown = board(row("mona", 3))
    shown.team = TeamTotals(
        engineers=None, fires_30d=None, successful=None, tool_calls=None, sessions=None, all_rows=None, daily=[],
        suppressed=True,
    )  # fmt: skip
    told = page(shown, ENGINEER)
    assert "fewer than three people" in told
    assert "data-plot-data" not in told
