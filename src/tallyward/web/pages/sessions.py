"""Sessions: which there were, the latest first, each leading to what happened in it.

The rows are those of `/v1/sessions`, from the same call.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.services.sessions import SessionLine, SessionsBoard
from tallyward.web.calls import Call
from tallyward.web.pages._frame import Frame, Room, look
from tallyward.web.pages._paging import pager
from tallyward.web.parameters import paging
from tallyward.web.rendering import Page, milliseconds, render

ROOM = Room("Sessions", "/sessions", 45)
WHOSE = {"engineer": "your own", "lead": "those of agents", "admin": "everybody's"}


def cost_words(frame: Frame, micros: int | None, unpriced: int, requests: int) -> str:
    """The cost, a dash where no request is known, and a mark where some have no price."""
    if not requests:
        return "—"
    if micros is None:
        return "no price"
    return frame.money(micros) + ("+" if unpriced else "")


def session_row(line: SessionLine, frame: Frame) -> dict[str, Any]:
    """One session and where it leads."""
    rows = frame.listing(session=line.session_id, days=None, from_=f"{line.started_at:%Y-%m-%dT%H:%M:%SZ}", to=None)
    return {
        "line": line,
        "href": frame.listing(line.session.removeprefix("/v1")),
        "took": milliseconds(line.started_at, line.ended_at),
        "cost": cost_words(frame, line.cost_micros, line.unpriced_requests, line.requests),
        "rows": rows,
        "errors": f"{rows}&status=error",
        "skills": ", ".join(line.skills),
        "engineer": frame.address(engineer=line.engineer_id, page=None),
    }


def render_sessions(board: SessionsBoard, frame: Frame) -> str:
    """One page of sessions."""
    return render(
        "sessions.html",
        frame=frame,
        whose=WHOSE["admin" if frame.sample else frame.role],
        complete=board.complete,
        rows=[session_row(line, frame) for line in board.rows],
        pager=pager(frame, page=board.page, limit=board.limit, shown=len(board.rows), total=None),
    )


async def sessions(request: Request, principal: Principal) -> Response:
    """The sessions that the reader may see."""
    view = await look(request, principal, ROOM, exported="/v1/sessions", searched="sessions and engineers")
    board = await request.app.state.boards.sessions.listing(view.principal, view.asked, paging(request))
    return Page(render_sessions(board, view.frame))


CALLS = (Call("GET", "/sessions", "read", "Sessions, the latest first.", sessions, page=True),)
