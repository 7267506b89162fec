from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from tallyward.services.asked import Window
from tallyward.services.board import EngineerRow, MyBoard, SkillRow
from tallyward.web.pages.me import ROOM, render_me
from tests.frames import ENGINEER, LEAD, frame

WINDOW = Window(since=datetime(2026, 4, 17, tzinfo=UTC), until=None, days=30, tz="UTC")
GRADES = {"excellent": 300, "strong": 150, "developing": 50, "untapped": 20}


def mine(*skills: SkillRow, fires: int = 0) -> MyBoard:
    row = EngineerRow(
        engineer_id="mona", fires_30d=fires, successful=fires, unique_skills=1, top_skill="/start",
        utilization="strong",
        tool_calls=0, sessions=0, all_rows=fires, daily=[0] * 29 + [fires], rows="/v1/fires",
    )  # fmt: skip
    return MyBoard(
        engineer_id="mona", days=30, tenant="default", counted_kinds=["skill"], grades=GRADES, window=WINDOW,
        filters={},
        row=row if fires else None, skills=list(skills), recent=[],
    )  # fmt: skip


def skill(name: str, fires: int) -> SkillRow:
    return SkillRow(
        skill_name=name,
        kind="skill",
        fires=fires,
        successful=fires,
        errors=0,
        abandoned=0,
        p50_latency_ms=None,
        rows=f"/v1/fires?skill={quote(name, safe='')}",
    )


def test_a_page_of_nobodys_own_says_how_to_get_one():
    assert "belongs to no engineer" in render_me(None, frame(LEAD, ROOM))
    assert "No fires of yours yet" in render_me(mine(), frame(ENGINEER, ROOM))


@pytest.mark.parametrize(("fires", "others", "words"), [(1, 999, "&lt;1%"), (1, 1, "50%"), (1, 0, "100%")])
def test_a_share_is_told_in_whole_percent_and_never_as_nothing(fires: int, others: int, words: str):
    rest = [skill("/rest", others)] if others else []
    assert f">{words}<" in render_me(mine(skill("/start", fires), *rest, fires=fires + others), frame(ENGINEER, ROOM))


def test_the_way_to_the_next_grade_is_told_for_thirty_days_only():
    board = mine(skill("/start", 10), fires=10)
    assert "11 more in 30 days make it untapped" in render_me(board, frame(ENGINEER, ROOM))
    board.days = 7
    assert "more in 30 days" not in render_me(board, frame(ENGINEER, ROOM, {"days": "7"}))


def test_a_search_narrows_the_skills_and_not_the_row():
    shown = render_me(mine(skill("/start", 1), skill("/ship", 2), fires=3), frame(ENGINEER, ROOM, {"q": "SHIP"}))
    assert "/ship" in shown
    assert "skill=%2Fstart" not in shown
