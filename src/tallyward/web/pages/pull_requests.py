"""Pull requests: what became of them by agent, how often they were taken back, and which got in each other's way.

The numbers are those of `/v1/pull-requests`, from the same call. A rate is drawn with the interval in which the true
one lies; what nobody can tell is a dash.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.overlap import Overlap
from tallyward.services.pull_request_board import AgentPullRequests, PullRequestRow, PullRequestsBoard, PullRequestWork
from tallyward.web.calls import Call
from tallyward.web.chart import Series, daily_chart
from tallyward.web.pages._frame import Frame, Room, look
from tallyward.web.pages._grades import Figure
from tallyward.web.pages._paging import pager
from tallyward.web.pages.skills import rate_words
from tallyward.web.parameters import paging
from tallyward.web.rendering import Page, percent, render

ROOM = Room("Pull requests", "/pull-requests", 43)
SHARED = {"path": "the same file", "directory": "the same folder only", "none": "nothing in common"}
EVIDENCE = {
    "branch": "by its branch",
    "author": "by its author",
    "label": "by a label",
    "trailer": "by a commit's trailer",
}
LIGHTS = {"merged": "green", "open": "yellow", "closed": "undefined", "reverted": "red"}
HOURS_A_DAY = 24


def hours(value: float | None) -> str:
    """`50 min`, `3.5 h`, `2.1 days`; a dash where nobody knows."""
    if value is None:
        return "—"
    if value < 1:
        return f"{value * 60:.0f} min"
    return f"{value:.1f} h" if value < 2 * HOURS_A_DAY else f"{value / HOURS_A_DAY:.1f} days"


def figures(work: PullRequestWork, frame: Frame) -> list[Figure]:
    """The totals over all that is asked for."""
    return [
        Figure("Merged", work.merged, frame.address(state="merged", page=None)),
        Figure("First pass", percent(work.first_pass)),
        Figure("Reverted", percent(work.revert)),
        Figure("Time to merge", hours(work.p50_hours_to_merge)),
        Figure("Opened", work.opened, aside=True),
        Figure("Open now", work.open_now, frame.address(state="open", page=None), aside=True),
        Figure("Closed unmerged", work.closed, frame.address(state="closed", page=None), aside=True),
    ]


def agent_row(line: AgentPullRequests, frame: Frame) -> dict[str, Any]:
    """One agent, with what its rates stand on in words."""
    return {
        "line": line,
        "href": frame.address(agent=line.agent, page=None),
        "first_pass": rate_words(line.first_pass),
        "revert": rate_words(line.revert),
        "p50": hours(line.p50_hours_to_merge),
        "p90": hours(line.p90_hours_to_merge),
    }


def pull_row(row: PullRequestRow, frame: Frame) -> dict[str, Any]:
    """One pull request, and what it is called where it has no number."""
    state = "reverted" if row.reverted_at else row.state
    return {
        "row": row,
        "name": f"#{row.number}" if row.number is not None else (row.merge_sha or "")[:10],
        "state": state,
        "light": LIGHTS[state],
        "at": row.merged_at or row.closed_at or row.opened_at,
        "evidence": EVIDENCE.get(row.agent_evidence or "", ""),
        "repo": frame.address(repo=row.repo, page=None),
    }


def overlap_rows(overlap: Overlap) -> list[dict[str, Any]]:
    """One row for each kind of pairs."""
    return [{"kind": one, "words": SHARED[one.shared], "conflict": rate_words(one.conflict)} for one in overlap.kinds]


def render_pull_requests(board: PullRequestsBoard, frame: Frame, chosen: dict[str, str | None]) -> str:
    """The page of pull requests. `chosen` narrows the list below and nothing else."""
    work = board.entire
    series = [
        Series("opened", board.opened_daily, 2), Series("merged", board.merged_daily, 1),
        Series("reverted", board.reverted_daily, 4),
    ]  # fmt: skip
    return render(
        "pull_requests.html",
        frame=frame,
        drawn=True,
        empty=not (work.opened or work.merged or work.closed or work.open_now or board.overlap.pieces),
        stats=figures(work, frame),
        chart=daily_chart("Pull requests per day", board.days, series, shape="lines"),
        agents=[agent_row(line, frame) for line in board.agents],
        overlap=board.overlap,
        kinds=overlap_rows(board.overlap),
        rows=[pull_row(row, frame) for row in board.rows],
        year=frame.address(days="366", from_=None, to=None, page=None),
        chosen=[(name, value, frame.address(**{name: None, "page": None})) for name, value in chosen.items() if value],
        pager=pager(frame, page=board.page, limit=board.limit, shown=len(board.rows), total=board.total),
    )


async def page(request: Request, principal: Principal) -> Response:
    view = await look(request, principal, ROOM, exported="/v1/pull-requests", searched="pull requests")
    said = request.query_params
    chosen = {"agent": said.get("agent"), "state": said.get("state")}
    board = await request.app.state.boards.pull_requests.read(view.principal, view.asked, paging(request), **chosen)
    return Page(render_pull_requests(board, view.frame, chosen))


CALLS = (
    Call(
        "GET", "/pull-requests", "read", "What became of pull requests, and which got in each other's way.", page,
        page=True,
    ),
)  # fmt: skip
