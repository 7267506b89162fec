"""One engineer's own page: the row, the skills behind it, and the latest fires.

The numbers are those of `/v1/me`, from the same call.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tallyward import clock
from tallyward.domain.access import Principal
from tallyward.services.board import EngineerRow, MyBoard, SkillRow
from tallyward.web.calls import Call
from tallyward.web.pages._frame import Room, Viewer, connect_command, server_address
from tallyward.web.pages._grades import PER_DAY, Figure, Grade, counted_words, grade_steps, next_step, thresholds_of
from tallyward.web.rendering import Page, render
from tallyward.web.sparkline import area

ROOM = Room("Me", "/me", 20)


def own_figures(row: EngineerRow) -> list[Figure]:
    return [
        Figure("Successful", row.successful),
        Figure("Skills", row.unique_skills),
        Figure("Tool calls", row.tool_calls, aside=True),
        Figure("Sessions", row.sessions, aside=True),
        Figure("All rows", row.all_rows, aside=True),
    ]


def skill_rows(skills: Sequence[SkillRow]) -> list[dict[str, Any]]:
    """The skills with their share of all rows listed, in whole percent."""
    whole = max(sum(skill.fires for skill in skills), 1)
    shares = [100 * skill.fires / whole for skill in skills]
    words = ["<1%" if 0 < share < 1 else f"{share:.0f}%" for share in shares]
    listed = zip(skills, shares, words, strict=True)
    return [{"skill": skill, "share": f"{share:.1f}", "words": text} for skill, share, text in listed]


def render_me(me: MyBoard | None, principal: Principal, *, today: date, server: str, mark: str) -> str:
    """One engineer's own page. Without a row, or without an engineer (`me` is None), it says what to do next."""
    shown: dict[str, Any] = {"row": None}
    if me is not None and me.row is not None:
        thresholds = thresholds_of(me.grades)
        shown = {
            "row": me.row,
            "grade": Grade.of(me.row.utilization),
            "stats": own_figures(me.row),
            "area": area(me.row.daily, last_day=today, name=me.engineer_id),
            "per_day": PER_DAY,
            "next_step": next_step(me.row.fires_30d, thresholds),
            "steps": grade_steps(thresholds),
            "counted": counted_words(me.counted_kinds),
            "skills": skill_rows(me.skills),
            "recent": me.recent,
            "days": me.days,
        }
    return render(
        "me.html", viewer=Viewer.of(principal), here="Me", mark=mark, connect=connect_command(server), **shown
    )


async def me(request: Request, principal: Principal) -> Response:
    """The reader's own page."""
    state = request.app.state
    mark = state.feed.mark(principal.tenant)
    board = await state.board.me(principal) if principal.engineer_id else None
    page = render_me(board, principal, today=clock.now().date(), server=server_address(request), mark=mark)
    return Page(page)


CALLS = (Call("GET", "/me", "read", "The reader's own row, skills and latest fires.", me, page=True),)
