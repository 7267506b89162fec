"""The inbox: what forges delivered, what needs somebody, how much came each hour, and whether it has ceased.

The numbers are those of `/v1/deliveries`, from the same call.
"""

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.services.deliveries import DeliveriesBoard, HourOf, Row
from tallyward.web.calls import Call
from tallyward.web.pages._frame import Frame, Room, look
from tallyward.web.pages._grades import Figure
from tallyward.web.pages._paging import pager
from tallyward.web.parameters import paging
from tallyward.web.rendering import Page, render
from tallyward.web.sparkline import Bars, bars

ROOM = Room("Deliveries", "/deliveries", 75, "admin")
LIGHTS = {"parked": "red", "missing": "red", "waiting": "yellow", "done": "green", "ignored": "undefined"}


def drawing(hours: list[HourOf]) -> Bars:
    """One bar an hour, the latest at the right."""
    counts = [sum(hour.counts.values()) for hour in hours]
    drawn = bars(counts, most=max(*counts, 1), first_day=hours[0].hour.date(), name="deliveries")
    return replace(drawn, title=f"{sum(counts):,} deliveries in {len(hours)} hours, {counts[-1]:,} in this one")


def figures(board: DeliveriesBoard) -> list[Figure]:
    """How the inbox stands."""
    return [
        Figure("Last 24 hours", sum(sum(hour.counts.values()) for hour in board.hours)),
        Figure("Waiting", board.waiting),
        Figure("Parked", board.parked),
        Figure("Missing", board.missing),
        Figure("Recovered", board.recovered, aside=True),
    ]


def line(row: Row) -> dict[str, Any]:
    """One delivery, and its light."""
    what = row.event if row.action is None else f"{row.event}.{row.action}"
    return {"delivery": row, "what": what, "light": LIGHTS[row.state]}


def render_deliveries(board: DeliveriesBoard, frame: Frame, tenant: str) -> str:
    """The inbox of a tenant."""
    return render(
        "deliveries.html",
        frame=frame,
        board=board,
        stats=figures(board),
        hours=drawing(board.hours),
        by_hour=[(hour.hour, hour.counts) for hour in reversed(board.hours) if hour.counts],
        rows=[line(row) for row in board.deliveries],
        path=f"{frame.server}/tenants/{tenant}/webhook",
        command="tally webhook secret add" + ("" if tenant == DEFAULT_TENANT else f" --tenant {tenant}"),
        event=frame.address.given.get("event"),
        every=frame.address(event=None, page=None),
        pager=pager(frame, page=board.page, limit=board.limit, shown=len(board.deliveries), total=None),
    )


async def deliveries(request: Request, principal: Principal) -> Response:
    """The inbox, of all events or of one."""
    view = await look(request, principal, ROOM, ranged=False, exported="/v1/deliveries")
    event = view.frame.address.given.get("event")
    board = await request.app.state.deliveries.listing(principal, paging(request), None, event)
    frame = replace(view.frame, mark="", sample=False, has_sample=False)  # nothing is delivered to made-up people
    return Page(render_deliveries(board, frame, principal.tenant))


CALLS = (Call("GET", "/deliveries", "admin", "What forges delivered and what became of it.", deliveries, page=True),)
