"""The acceptance grid: the eight metrics of the build spec, each with its light, its value and why.

The numbers are those of `/v1/accept`, from the same call. A light is a word and a shape as well as a colour.
"""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.services.accept import Grid
from tallyward.web.bodies import Json
from tallyward.web.calls import Call
from tallyward.web.pages._frame import Frame, Room, look
from tallyward.web.rendering import Page, render

ROOM = Room("Accept", "/accept", 90)
SLUGS = {"green": "green", "red": "red", "cannot tell": "undefined"}


def render_accept(grid: Grid, frame: Frame) -> str:
    """The page of the grid."""
    lines = [{"line": line, "slug": SLUGS[line.light], "who": line.who} for line in grid.lines]
    return render("accept.html", frame=frame, grid=grid, lines=lines)


async def page(request: Request, principal: Principal) -> Response:
    view = await look(request, principal, ROOM, ranged=False)
    frame = replace(
        view.frame, mark="", sample=False, has_sample=False
    )  # the grid is of the own organisation, and still
    return Page(render_accept(await request.app.state.acceptance.grid(principal), frame))


async def accept(request: Request, principal: Principal) -> Response:
    return Json(await request.app.state.acceptance.grid(principal))


CALLS = (
    Call("GET", "/accept", "read", "The acceptance grid of the build spec.", page, page=True),
    Call(
        "GET", "/v1/accept", "read",
        "The acceptance grid: eight metrics, each green, red or not to be told yet, with its evidence.",
        accept, gives=Grid,
    ),
)  # fmt: skip
