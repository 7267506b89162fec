"""The rows behind a number: fires, newest first, with the filters that the number had.

The rows are those of `/v1/fires`, from the same call. Every number of every page leads here.
"""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.services.fires import FireRow, FiresBoard
from tallyward.web.calls import Call
from tallyward.web.pages._frame import Frame, Room, look
from tallyward.web.pages._paging import pager
from tallyward.web.parameters import paging
from tallyward.web.rendering import Page, render

PAGE_OF = Room("Fires", "/fires")  # not in the navigation: a number leads here


def fire_row(fire: FireRow, frame: Frame) -> dict[str, object]:
    """One fire, and where one may go from it: each of its facts is a filter."""
    return {
        "fire": fire,
        "engineer": frame.address(engineer=fire.engineer_id, page=None),
        "skill": frame.address(skill=fire.skill_name, page=None),
        "repo": frame.address(repo=fire.repo, page=None) if fire.repo else None,
        "session": frame.session(fire.session_id, fire.runtime),
        "cost": "" if fire.cost_micros is None else frame.money(fire.cost_micros, fine=True),
    }


def render_fires(board: FiresBoard, frame: Frame) -> str:
    """One page of fires."""
    return render(
        "fires.html",
        frame=frame,
        rows=[fire_row(fire, frame) for fire in board.fires],
        total=board.total,
        costs=any(fire.cost_micros is not None for fire in board.fires),
        pager=pager(frame, page=board.page, limit=board.limit, shown=len(board.fires), total=board.total),
    )


async def fires(request: Request, principal: Principal) -> Response:
    """The fires that are asked for; an engineer sees the own ones."""
    view = await look(request, principal, PAGE_OF, exported="/v1/fires", searched="")
    board = await request.app.state.boards.fires.read(view.principal, view.asked, paging(request))
    return Page(render_fires(board, view.frame))


CALLS = (Call("GET", "/fires", "read", "The rows behind a number, newest first.", fires, page=True),)
