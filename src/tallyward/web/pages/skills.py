"""Skills: which are used and by how many, how they end, and how long they take.

The numbers are those of `/v1/skills`, from the same call. A rate is drawn as what it may be, not only as what it was:
the bar is the interval, the mark the rate, and one of few cases is as wide as it should be.
"""

from collections import Counter
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.rate import Rate
from tallyward.services.skills import SkillLine, SkillsBoard, Use
from tallyward.web.calls import Call
from tallyward.web.chart import Chart, daily_chart, stacked
from tallyward.web.pages._frame import Frame, Room, look
from tallyward.web.pages._grades import Figure
from tallyward.web.pages._paging import pager
from tallyward.web.parameters import paging
from tallyward.web.rendering import Page, duration, percent, render

ROOM = Room("Skills", "/skills", 30)


def rate_words(rate: Rate | None) -> str:
    """`success 92% of 130, and 95 times in a hundred the true rate is from 86% to 96%`, for a tooltip and a reader."""
    if rate is None or rate.value is None or rate.low is None or rate.high is None:
        return "no case, so no rate"
    return f"{percent(rate)} of {rate.n:,}; between {rate.low:.0%} and {rate.high:.0%} with 95% confidence"


def figures(use: Use, frame: Frame) -> list[Figure]:
    """The totals over everything that is asked for."""
    rows = frame.listing() if frame.role != "engineer" or frame.sample else None
    return [
        Figure("Fires", use.fires, rows),
        Figure("Success", percent(use.success)),
        Figure("Median time", duration(use.p50_latency_ms)),
        Figure("People", use.people, aside=True),
        Figure("95% within", duration(use.p95_latency_ms), aside=True),
        Figure("99% within", duration(use.p99_latency_ms), aside=True),
    ]


def skill_line(line: SkillLine, frame: Frame, most: int) -> dict[str, Any]:
    """One skill; where it is suppressed, its name alone."""
    told = {"line": line, "suppressed": line.suppressed}
    if line.suppressed:
        return told
    return told | {
        "href": frame.drill(line.rows),
        "errors": frame.drill(line.rows, status="error"),
        "share": f"{100 * (line.fires or 0) / max(most, 1):.1f}",
        "success": rate_words(line.success),
        "error": rate_words(line.error),
        "only": frame.address(skill=line.skill_name, kind=line.kind, page=None, q=None),
        "cost": "" if line.cost_micros is None else frame.money(line.cost_micros),
    }


def chart_of(board: SkillsBoard) -> Chart | None:
    """The fires of each day, stacked by skill, where every skill may be told."""
    if not board.daily:
        return None
    names = Counter(one.skill_name for one in board.daily)  # a name of two kinds is told with its kind
    groups = [
        (f"{one.skill_name} ({one.kind})" if names[one.skill_name] > 1 else one.skill_name, one.fires)
        for one in board.daily
    ]
    return daily_chart("Fires per day, by skill", board.days, stacked(groups))


def render_skills(board: SkillsBoard, frame: Frame) -> str:
    """The board of skills."""
    most = max((line.fires or 0 for line in board.rows), default=0)
    return render(
        "skills.html",
        frame=frame,
        drawn=True,
        chart=chart_of(board),
        empty=not board.found and not frame.asked.q,
        stats=figures(board.entire, frame),
        suppressed=board.entire.suppressed,
        rows=[skill_line(line, frame, most) for line in board.rows],
        pager=pager(frame, page=board.page, limit=board.limit, shown=len(board.rows), total=board.found),
    )


async def skills(request: Request, principal: Principal) -> Response:
    """The skills of what is asked for."""
    view = await look(request, principal, ROOM, exported="/v1/skills", searched="skills")
    board = await request.app.state.boards.skills.read(view.principal, view.asked, paging(request))
    return Page(render_skills(board, view.frame))


CALLS = (Call("GET", "/skills", "read", "Skills: how often, how they end, how long they take.", skills, page=True),)
