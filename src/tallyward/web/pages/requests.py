"""The rows behind a cost: metered requests, newest first, with the filters that the cost had.

The rows are those of `/v1/requests`, from the same call.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.services.requests import RequestRow, RequestsBoard
from tallyward.web.calls import Call
from tallyward.web.pages._frame import Frame, Room, look
from tallyward.web.pages._paging import pager
from tallyward.web.parameters import paging
from tallyward.web.rendering import Page, render

PAGE_OF = Room("Requests", "/requests")  # not in the navigation: a cost leads here


def request_row(row: RequestRow, frame: Frame) -> dict[str, Any]:
    """One request, and where one may go from it."""
    cached = row.cache_read_tokens
    fresh = row.input_tokens + row.cache_write_5m_tokens + row.cache_write_1h_tokens
    return {
        "row": row,
        "fresh": fresh,
        "cached": cached,
        "cost": "no price" if row.cost_micros is None else frame.money(row.cost_micros, fine=True),
        "model": frame.address(model=row.model, page=None),
        "skill": frame.address(skill=row.skill_name or "(none)", page=None),
        "session": frame.session(row.session_id, row.runtime),
    }


def render_requests(board: RequestsBoard, frame: Frame) -> str:
    """One page of requests."""
    return render(
        "requests.html",
        frame=frame,
        total=board.total,
        cost=frame.money(board.cost_micros),
        rows=[request_row(row, frame) for row in board.requests],
        pager=pager(frame, page=board.page, limit=board.limit, shown=len(board.requests), total=board.total),
    )


async def requests(request: Request, principal: Principal) -> Response:
    """The requests that are asked for; an engineer sees the own ones."""
    view = await look(request, principal, PAGE_OF, exported="/v1/requests", csv=False)
    board = await request.app.state.boards.requests.read(view.principal, view.asked, paging(request))
    return Page(render_requests(board, view.frame))


CALLS = (Call("GET", "/requests", "read", "The metered requests behind a cost.", requests, page=True),)
