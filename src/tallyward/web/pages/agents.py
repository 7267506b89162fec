"""The agents in the cluster: what each cost, what was merged of it, and whether that is worth it.

The numbers are those of `/v1/economics`, from the same call. The light is a word and a shape as well as a colour.
"""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.money import MICROS
from tallyward.services.board import AgentRow, EconomicsBoard
from tallyward.web.calls import Call
from tallyward.web.pages._frame import Frame, Room, look
from tallyward.web.pages._grades import Figure
from tallyward.web.rendering import Page, render

ROOM = Room("Agents", "/agents", 40)
LIGHTS = {"green": "worth it", "yellow": "watch", "red": "too dear", "undefined": "undefined"}
SCALE_OF_RED = 2  # the bar of dollars per pull request ends at twice the red threshold


def micros(dollars: float | None) -> float | None:
    """Dollars as the money of a page takes them."""
    return None if dollars is None else dollars * MICROS


def agent_row(agent: AgentRow, frame: Frame, red: float) -> dict[str, object]:
    per_pr = agent.cost_usd_per_merged_pr
    return {
        "agent": agent,
        "cost": frame.money(micros(agent.cost_usd)),
        "per_pr": frame.money(micros(per_pr)),
        "bar": None if per_pr is None else f"{min(100, 100 * per_pr / (red * SCALE_OF_RED or 1)):.1f}",
        "word": LIGHTS[agent.light],
        "href": frame.drill(agent.rows),
    }


def figures(board: EconomicsBoard, frame: Frame) -> list[Figure]:
    """The totals over all agents; nothing metered gives no cost, and nothing merged no cost per merge."""
    costs = [agent.cost_usd for agent in board.agents if agent.cost_usd is not None]
    merged = sum(agent.prs_merged for agent in board.agents)
    whole = sum(costs) if costs else None
    return [
        Figure("Per merged PR", frame.money(micros(whole / merged if whole is not None and merged else None))),
        Figure("Cost", frame.money(micros(whole))),
        Figure("Merged PRs", merged),
        Figure("Agents", len(board.agents), aside=True),
        Figure("Runs", sum(agent.runs for agent in board.agents), frame.listing(runtime="k8s-job"), aside=True),
    ]


def render_agents(board: EconomicsBoard, frame: Frame) -> str:
    """The page of the agents."""
    limits = board.merged_pr_usd
    yellow, red = (frame.money(micros(limits[name])) for name in ("yellow", "red"))
    found = [
        agent for agent in board.agents if frame.asked.q is None or frame.asked.q.casefold() in agent.agent.casefold()
    ]
    return render(
        "agents.html",
        frame=frame,
        empty=not board.agents,
        stats=figures(board, frame),
        rows=[agent_row(agent, frame, limits["red"]) for agent in found],
        marks=[f"{100 * limits[name] / (limits['red'] * SCALE_OF_RED or 1):.1f}" for name in ("yellow", "red")],
        legend=(
            ("green", LIGHTS["green"], f"{yellow} or less"),
            ("yellow", LIGHTS["yellow"], f"more than {yellow}"),
            ("red", LIGHTS["red"], f"more than {red}"),
            ("undefined", LIGHTS["undefined"], "nothing merged, or nothing metered"),
        ),
    )


async def agents(request: Request, principal: Principal) -> Response:
    """The agents of the own organisation, or of the sample."""
    view = await look(request, principal, ROOM, exported="/v1/economics", searched="agents")
    board = await request.app.state.board.economics(view.principal, view.asked)
    return Page(render_agents(board, view.frame))


CALLS = (
    Call("GET", "/agents", "read", "What the agents in the cluster cost, and what came of it.", agents, page=True),
)
