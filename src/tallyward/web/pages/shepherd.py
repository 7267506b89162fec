"""The shepherd: which pull requests it takes care of, what is next for each and why, and which way they came.

The numbers are those of `/v1/shepherd` and the decisions behind them those of `/v1/decisions`.
"""

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tallyward import clock
from tallyward.domain.access import Principal
from tallyward.domain.rate import Rate
from tallyward.domain.shepherd_facts import ACTIONS
from tallyward.services.asked import Asked
from tallyward.services.days import days_of
from tallyward.services.decisions import Cared, ShepherdBoard
from tallyward.services.shadow import PolicyBoard
from tallyward.web.calls import Call
from tallyward.web.chart import Chart, daily_chart, stacked
from tallyward.web.pages._frame import Frame, Room, look
from tallyward.web.path_drawing import LOOKS, draw_path, lasting
from tallyward.web.rendering import Page, render

ROOM = Room("Shepherd", "/shepherd", 46)
LIGHTS = {"ready": "green", "wait": "undefined", "asked": "yellow", "human": "red", "aside": "undefined"}
RESULT_LIGHTS = {"success": "green", "closed": "undefined", "escalated": "red"}


def plain(word: str) -> str:
    """`CI_PENDING` as `ci pending`, `request_review_fix` as `request review fix`."""
    return word.replace("_", " ").lower()


def attempts_of(cared: Cared) -> str:
    """`conflict 1 of 2`, for the causes that were acted on."""
    told = [f"{cause} {count} of {cared.limits[cause]}" for cause, count in cared.attempts.items() if count]
    return ", ".join(told) or "none"


def due(deadline: datetime | None, now: datetime) -> str:
    """What a deadline means now."""
    if deadline is None:
        return ""
    return f"in {lasting(deadline - now)}" if deadline > now else "over"


def line(cared: Cared, now: datetime) -> dict[str, Any]:
    """One pull request."""
    return {
        "cared": cared,
        "stands": plain(cared.stands),
        "light": LIGHTS[LOOKS[cared.stands]],
        "next": plain(cared.action),
        "reason": plain(cared.escalation or cared.reason),
        "attempts": attempts_of(cared),
        "due": due(cared.deadline, now),
        "path": draw_path(cared.path),
    }


def render_shepherd(board: ShepherdBoard, policy: PolicyBoard, frame: Frame) -> str:
    """The page of the shepherd."""
    now = clock.now()
    return render(
        "shepherd.html",
        frame=frame,
        lines=[line(cared, now) for cared in board.pull_requests],
        ends=[{"end": end, "light": RESULT_LIGHTS[end.result], "detail": plain(end.detail)} for end in board.outcomes],
        chart=chart_of(board, frame.asked),
        waits=waits_of(board),
        drawn=True,
        policy=policy,
        agreed=agreed(policy),
    )


def agreed(policy: PolicyBoard) -> list[tuple[str, str]]:
    """How the learned policy agreed in seven days, of all decisions and of those in which either would act."""
    found = policy.agreement
    if found is None:
        return []
    told = (("of all", found.agreement), ("where either would act", found.when_acting))
    return [(words, share_of(one)) for words, one in told]


def share_of(found: Rate) -> str:
    """`96.2% of 480 (94.1% to 97.6%)`."""
    if found.value is None:
        return "undefined (n=0)"
    return f"{found.value:.1%} of {found.n} ({found.low:.1%} to {found.high:.1%})"


def chart_of(board: ShepherdBoard, asked: Asked) -> Chart:
    """The steps of each day, stacked by action. Waits are most of all and no step: they are told beside it."""
    days = days_of(asked)
    told = {one.day: one.decisions for one in board.days}
    groups = [
        (plain(action), [told.get(day, {}).get(action, 0) for day in days])
        for action in ACTIONS
        if action not in {"wait", "none"} and any(action in of_day for of_day in told.values())
    ]
    return daily_chart("Steps per day, by action", days, stacked(groups))


def waits_of(board: ShepherdBoard) -> int:
    return sum(one.decisions.get("wait", 0) for one in board.days)


async def shepherd(request: Request, principal: Principal) -> Response:
    """The pull requests that are taken care of."""
    view = await look(request, principal, ROOM, exported="/v1/decisions")
    board = await request.app.state.decisions.board(view.principal, view.asked)
    policy = await request.app.state.shadow.read(view.principal)
    return Page(render_shepherd(board, policy, view.frame))


CALLS = (
    Call("GET", "/shepherd", "read", "Pull requests that are taken care of, and what is next.", shepherd, page=True),
)  # fmt: skip
