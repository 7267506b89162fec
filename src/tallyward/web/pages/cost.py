"""Cost: what the money went to, day by day, how much of it no skill explains, and which models have no known price.

The numbers are those of `/v1/cost` and `/v1/reconciliation`, from the same calls. Money is written in the tenant's
format; what has no price is said so and never counted as nothing.
"""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.services.cost import BYS, CostBoard, CostLine
from tallyward.services.usage import ReconciledDay
from tallyward.web.calls import Call
from tallyward.web.chart import Chart, daily_chart, money_unit, stacked
from tallyward.web.pages._frame import Frame, Link, Room, look
from tallyward.web.pages._grades import Figure
from tallyward.web.pages._paging import pager
from tallyward.web.pages.skills import rate_words
from tallyward.web.parameters import paging
from tallyward.web.rendering import Page, compact, percent, render

ROOM = Room("Cost", "/cost", 50)
BY_DEFAULT = "skill"
NAMES = {"repo": "repository"}


def choices(board: CostBoard, frame: Frame) -> list[Link]:
    """By what the cost can be told."""
    return [Link(NAMES.get(by, by), frame.address(by=by, page=None), by == board.by) for by in BYS]


def figures(board: CostBoard, frame: Frame) -> list[Figure]:
    """The totals; what they are made of is one click away, where the reader may see it."""
    entire = board.entire
    rows = frame.listing("/requests") if frame.role != "engineer" or frame.sample else None
    told = [Figure("Cost", frame.money(entire.cost_micros), rows), Figure("Requests", entire.requests, rows)]
    if board.unattributed is not None:
        lost = frame.listing("/requests", skill="(none)")
        told.append(Figure("No skill explains", frame.money(board.unattributed.cost_micros), lost))
        told.append(Figure("which is, of requests", percent(board.unattributed.share), aside=True))
    told.append(Figure("Output tokens", compact(entire.output_tokens), aside=True))
    told.append(Figure("No known price", entire.unpriced_requests, aside=True))
    return told


def chart_of(board: CostBoard, frame: Frame) -> Chart | None:
    """The cost of each day, stacked by what it is told by."""
    series = stacked([(one.key, one.cost_micros) for one in board.daily])
    if not series or not board.days:
        return None
    chart = daily_chart(f"Cost per day, by {NAMES.get(board.by, board.by)}", board.days, series, "bars")
    return Chart(chart.title, chart.labels, series, "bars", money_unit(frame.currency), chart.tips)


def cost_line(line: CostLine, frame: Frame, most: int) -> dict[str, Any]:
    """One line; where it is suppressed, its name alone."""
    share = 100 * (line.cost_micros or 0) / max(most, 1)
    read, fresh = line.cache_read_tokens or 0, line.input_tokens or 0
    written = (line.cache_write_5m_tokens or 0) + (line.cache_write_1h_tokens or 0)
    return {
        "line": line,
        "href": frame.drill(line.rows),
        "share": f"{share:.1f}",
        "cost": "no price" if line.requests and line.cost_micros is None else frame.money(line.cost_micros),
        "each": frame.money((line.cost_micros or 0) / line.requests, fine=True)
        if line.requests and line.cost_micros is not None
        else "—",
        "fresh": fresh + written,
        "cached": read,
    }


def reconciled(days: Sequence[ReconciledDay], frame: Frame) -> dict[str, Any] | None:
    """Ours against theirs over the reports that have both; None where there is no such report."""
    compared = sum(day.compared_requests for day in days)
    if not compared:
        return None
    ours, theirs = sum(day.our_micros or 0 for day in days), sum(day.reported_micros or 0 for day in days)
    gap = theirs - ours
    return {
        "requests": compared,
        "ours": frame.money(ours),
        "theirs": frame.money(theirs),
        "gap": frame.money(gap),
        "share": f"{100 * gap / ours:+.1f}%" if ours else "—",
        "twice": sum(day.requests_told_twice for day in days),
    }


def render_cost(board: CostBoard, days: Sequence[ReconciledDay], frame: Frame) -> str:
    """The board of cost."""
    most = max((line.cost_micros or 0 for line in board.rows), default=0)
    return render(
        "cost.html",
        frame=frame,
        drawn=True,
        by=NAMES.get(board.by, board.by),
        choices=choices(board, frame),
        empty=not board.entire.requests and not board.entire.suppressed,
        suppressed=board.entire.suppressed,
        stats=figures(board, frame),
        chart=chart_of(board, frame),
        rows=[cost_line(line, frame, most) for line in board.rows],
        unpriced=[(one, frame.listing("/requests", model=one.model)) for one in board.unpriced],
        share=rate_words(board.unattributed.share) if board.unattributed else "",
        books=reconciled(days, frame),
        pager=pager(frame, page=board.page, limit=board.limit, shown=len(board.rows), total=board.found),
    )


async def cost(request: Request, principal: Principal) -> Response:
    """The cost of what is asked for, and for rolling ranges how it agrees with what the clients said."""
    view = await look(request, principal, ROOM, exported="/v1/cost", searched="names")
    state = request.app.state
    by = view.frame.address.given.get("by", BY_DEFAULT)
    board = await state.boards.cost.read(view.principal, view.asked, by, paging(request))
    days: list[ReconciledDay] = []
    if view.asked.days and not view.asked.filters:
        days = (await state.accounts.reconciliation(view.principal, view.asked.days)).rows
    return Page(render_cost(board, days, view.frame))


CALLS = (Call("GET", "/cost", "read", "What the requests to models cost, and for what.", cost, page=True),)
