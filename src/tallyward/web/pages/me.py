"""One engineer's own page: the row, the skills behind it, and the latest fires.

The numbers are those of `/v1/me`, from the same call.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.services.board import EngineerRow, MyBoard, SkillRow
from tallyward.services.team import days_of
from tallyward.web.calls import Call
from tallyward.web.chart import Series, daily_chart
from tallyward.web.pages._frame import Frame, Room, connect_command, look
from tallyward.web.pages._grades import Figure, Grade, counted_words, grade_steps, next_step, thresholds_of
from tallyward.web.rendering import Page, render

ROOM = Room("Me", "/me", 20)
SAMPLE_PERSON = "sample-ada"  # whose page it is when somebody without one looks at the sample


def own_figures(row: EngineerRow, frame: Frame) -> list[Figure]:
    """The figures beside the one that counts; each leads to its rows."""
    return [
        Figure("Successful", row.successful, frame.drill(row.rows, status="success")),
        Figure("Skills", row.unique_skills),
        Figure("Tool calls", row.tool_calls, frame.drill(row.rows, kind="tool"), aside=True),
        Figure("Sessions", row.sessions, frame.drill(row.rows, kind="session"), aside=True),
        Figure("All rows", row.all_rows, frame.drill(row.rows, kind=None), aside=True),
    ]


def skill_rows(me: MyBoard, frame: Frame) -> list[dict[str, Any]]:
    """The skills that a search finds, with their share of all rows, in whole percent."""
    whole = max(sum(skill.fires for skill in me.skills), 1)
    search = (frame.asked.q or "").casefold()
    return [_skill_row(skill, whole, frame) for skill in me.skills if search in skill.skill_name.casefold()]


def _skill_row(skill: SkillRow, whole: int, frame: Frame) -> dict[str, Any]:
    share = 100 * skill.fires / whole
    return {
        "skill": skill,
        "share": f"{share:.1f}",
        "words": "<1%" if 0 < share < 1 else f"{share:.0f}%",
        "href": frame.drill(skill.rows),
        "errors": frame.drill(skill.rows, status="error"),
    }


def render_me(me: MyBoard | None, frame: Frame) -> str:
    """One engineer's own page. Without a row, or without an engineer (`me` is None), it says what to do next."""
    shown: dict[str, Any] = {"row": None}
    if me is not None and me.row is not None:
        thresholds = thresholds_of(me.grades)
        shown = {
            "row": me.row,
            "grade": Grade.of(me.row.utilization),
            "stats": own_figures(me.row, frame),
            "chart": daily_chart("Fires per day", days_of(frame.asked), [Series("fires", me.row.daily)], "area"),
            "next_step": next_step(me.row.fires_30d, thresholds) if me.days == 30 else "",  # noqa: PLR2004  # grades are of 30 days
            "steps": grade_steps(thresholds),
            "counted": counted_words(me.counted_kinds),
            "skills": skill_rows(me, frame),
            "recent": me.recent,
        }
    return render("me.html", frame=frame, drawn=True, connect=connect_command(frame.server), **shown)


async def me(request: Request, principal: Principal) -> Response:
    """The reader's own page; of the sample, the page of one of its people."""
    exported = "/v1/me" if principal.engineer_id else ""
    view = await look(request, principal, ROOM, exported=exported, searched="skills")
    name = SAMPLE_PERSON if view.frame.sample else view.asked.engineer or principal.engineer_id
    board = await request.app.state.board.me(view.principal, view.asked.of(engineer=name)) if name else None
    return Page(render_me(board, view.frame))


CALLS = (Call("GET", "/me", "read", "The reader's own row, skills and latest fires.", me, page=True),)
