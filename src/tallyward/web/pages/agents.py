"""The agents in the cluster: what each cost, what was merged of it, and whether that is worth it.

The numbers are those of `/v1/agents`, from the same call. The light is a word and a shape as well as a colour.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.money import MICROS
from tallyward.services.agents import AgentLine, AgentsBoard
from tallyward.web.calls import Call
from tallyward.web.pages._frame import Frame, Room, look
from tallyward.web.pages._grades import Figure
from tallyward.web.pages.skills import rate_words
from tallyward.web.rendering import Page, percent, render

ROOM = Room("Agents", "/agents", 40)
LIGHTS = {"green": "worth it", "yellow": "watch", "red": "too dear", "undefined": "undefined"}
SCALE_OF_RED = 2  # the bar of dollars per pull request ends at twice the red threshold


def micros(dollars: float) -> float:
    """Dollars as the money of a page takes them."""
    return dollars * MICROS


def agent_row(line: AgentLine, frame: Frame, red: float) -> dict[str, Any]:
    """One agent: its numbers, and the bar of what a merged pull request of it cost."""
    per_pr = line.usd_per_merged_pr
    return {
        "line": line,
        "cost": frame.money(line.cost_micros),
        "per_pr": frame.money(line.micros_per_merged_pr),
        "bar": None if per_pr is None else f"{min(100, 100 * per_pr / (red * SCALE_OF_RED or 1)):.1f}",
        "word": LIGHTS[line.light],
        "href": frame.drill(line.rows),
        "errors": frame.drill(line.rows, status="error"),
        "sessions": frame.listing("/sessions", skill=line.agent, runtime="k8s-job"),
        "requests": frame.listing("/requests", runtime="k8s-job", skill=line.agent),
        "success": rate_words(line.success),
        "survival": rate_words(line.survival),
    }


def figures(board: AgentsBoard, frame: Frame) -> list[Figure]:
    """The totals over all agents; nothing metered gives no cost, and nothing merged no cost per merge."""
    entire = board.entire
    return [
        Figure("Per merged PR", frame.money(entire.micros_per_merged_pr)),
        Figure("Cost", frame.money(entire.cost_micros)),
        Figure("Merged PRs", entire.prs_merged),
        Figure("Success", percent(entire.success)),
        Figure("Agents", len(board.rows), aside=True),
        Figure("Runs", entire.runs, frame.listing(runtime="k8s-job"), aside=True),
    ]


def render_agents(board: AgentsBoard, frame: Frame) -> str:
    """The page of the agents."""
    limits = board.merged_pr_usd
    yellow, red = (frame.money(micros(limits[name])) for name in ("yellow", "red"))
    return render(
        "agents.html",
        frame=frame,
        empty=not board.rows and not frame.asked.q,
        stats=figures(board, frame),
        survives=any(line.survival is not None for line in board.rows),
        light=(board.entire.light, LIGHTS[board.entire.light]),
        rows=[agent_row(line, frame, limits["red"]) for line in board.rows],
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
    view = await look(request, principal, ROOM, exported="/v1/agents", searched="agents")
    board = await request.app.state.boards.agents.read(view.principal, view.asked)
    return Page(render_agents(board, view.frame))


CALLS = (
    Call("GET", "/agents", "read", "What the agents in the cluster cost, and what came of it.", agents, page=True),
)
