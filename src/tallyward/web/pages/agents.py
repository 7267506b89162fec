"""The agents in the cluster: what each cost, what was merged of it, and whether that is worth it.

The numbers are those of `/v1/economics`, from the same call. The light is a word and a shape as well as a colour.
"""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.tenant import SAMPLE_TENANT
from tallyward.services.board import EconomicsBoard
from tallyward.web.calls import Call
from tallyward.web.pages._frame import Room, Viewer
from tallyward.web.rendering import Page, render

LIGHTS = {"green": "worth it", "yellow": "watch", "red": "too dear", "undefined": "undefined"}


def dollars(value: float | None) -> str:
    """`$1,234.50`; a dash where nothing was metered, since that is not nothing spent."""
    return "—" if value is None else f"${value:,.2f}"


def render_agents(board: EconomicsBoard, principal: Principal, *, mark: str, sample_link: Room | None) -> str:
    """The page of the agents. `mark` is what of the ledger it shows, for a page that stays live."""
    rows = [
        {
            "agent": agent,
            "cost": dollars(agent.cost_usd),
            "per_pr": dollars(agent.cost_usd_per_merged_pr),
            "word": LIGHTS[agent.light],
        }
        for agent in board.agents
    ]
    limits = board.merged_pr_usd
    return render(
        "agents.html",
        viewer=Viewer.of(principal),
        here="Agents",
        mark=mark,
        address="/agents?sample=1" if sample_link and sample_link.href == "/agents" else "/agents",
        days=board.days,
        sample=board.sample,
        sample_link=sample_link,
        rows=rows,
        legend=(
            ("green", LIGHTS["green"], f"{dollars(limits['yellow'])} or less"),
            ("yellow", LIGHTS["yellow"], f"more than {dollars(limits['yellow'])}"),
            ("red", LIGHTS["red"], f"more than {dollars(limits['red'])}"),
            ("undefined", LIGHTS["undefined"], "nothing merged, or nothing metered"),
        ),
    )


async def page(request: Request, principal: Principal) -> Response:
    """The agents of the own organisation, or of the sample with `?sample=1`."""
    state = request.app.state
    has_sample = await state.tenants.exists(SAMPLE_TENANT)
    sample = request.query_params.get("sample") == "1" and has_sample
    mark = state.feed.mark(principal.tenant)
    board = await state.board.economics(principal, sample=sample)
    link = Room("Back to your own data", "/agents") if sample else None
    if not sample and has_sample:
        link = Room("See a board with sample data", "/agents?sample=1")
    return Page(render_agents(board, principal, mark=mark, sample_link=link))


ROOM = Room("Agents", "/agents", 40)
CALLS = (Call("GET", "/agents", "read", "What the agents in the cluster cost, and what came of it.", page, page=True),)
