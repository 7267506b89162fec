"""One session as a waterfall: prompts, fires and requests on one line of time, with what each request cost.

The rows are those of `/v1/sessions/<id>`, from the same call. The bars are drawn here, so that they need no script; the
times and costs beside them say the same in words.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.services.requests import RequestRow
from tallyward.services.sessions import SessionBoard, SpanLine
from tallyward.web.calls import Call
from tallyward.web.pages._frame import Address, Frame, look
from tallyward.web.pages._grades import Figure
from tallyward.web.pages.sessions import ROOM as SESSIONS
from tallyward.web.pages.sessions import cost_words
from tallyward.web.rendering import Page, compact, duration, milliseconds, render, rough

WIDTH = 1_000  # of the lane in which bars are drawn; it is stretched to its cell
LEAST = 5  # the narrowest bar that can be seen
REST_MS = 30_000  # a longer rest says nothing of the work: it is cut short, so that the work fills the lane
REST_DRAWN_MS = 4_000


@dataclass(frozen=True, slots=True)
class Moment:
    """One row of the waterfall: a fire or a request, where it begins and how long it takes."""

    at: datetime
    took: int
    prompt: str | None
    entry: SpanLine | RequestRow

    @property
    def is_request(self) -> bool:
        return isinstance(self.entry, RequestRow)


def moments(board: SessionBoard) -> list[Moment]:
    """Everything of a session in its order; what holds others comes before them."""
    found = [Moment(fire.ts, fire.latency_ms or 0, fire.prompt_id, fire) for fire in board.spans]
    found += [Moment(request.ts, 0, request.prompt_id, request) for request in board.requests]
    return sorted(found, key=lambda moment: (moment.at, -moment.took))


class Lane:
    """The line of time: long rests between moments are cut short, so that the work fills it."""

    def __init__(self, shown: list[Moment]) -> None:
        self._starts: list[tuple[int, int]] = []  # the milliseconds of a moment, and where they are on the lane
        self._origin = shown[0].at if shown else None
        reached = place = before = 0
        for moment in shown:
            at = milliseconds(shown[0].at, moment.at)
            idle = at - max(reached, before)
            place += at - before - (max(0, idle - REST_DRAWN_MS) if idle > REST_MS else 0)
            self._starts.append((at, place))
            before, reached = at, max(reached, at + moment.took)
        longest = [place + moment.took for (_, place), moment in zip(self._starts, shown, strict=True)]
        self.whole = max([*longest, 1])

    def bar(self, number: int, took: int) -> tuple[str, str]:
        """Where the bar of a moment begins and how wide it is."""
        wide = max(WIDTH * took / self.whole, LEAST)
        left = min(WIDTH * self._starts[number][1] / self.whole, WIDTH - wide)
        return f"{left:.1f}", f"{wide:.1f}"


def moment_row(moment: Moment, lane: Lane, number: int, frame: Frame) -> dict[str, Any]:
    """One row: its bar, and what there is to say of it."""
    left, wide = lane.bar(number, moment.took)
    entry = moment.entry
    row: dict[str, Any] = {"at": moment.at, "left": left, "wide": wide, "prompt": moment.prompt}
    if isinstance(entry, RequestRow):
        taken = entry.input_tokens + entry.cache_read_tokens + entry.cache_write_5m_tokens + entry.cache_write_1h_tokens
        tokens = f"{compact(taken)} in, {compact(entry.output_tokens)} out"
        cost = "no price" if entry.cost_micros is None else frame.money(entry.cost_micros, fine=True)
        return row | {"kind": "request", "name": entry.model, "depth": 1, "status": "", "words": tokens, "cost": cost}
    cost = "" if entry.cost_micros is None else frame.money(entry.cost_micros, fine=True)
    return row | {
        "depth": min(entry.depth, 3),
        "kind": entry.kind,
        "name": "prompt" if entry.kind == "session" else entry.skill_name,
        "status": entry.status,
        "words": duration(entry.latency_ms),
        "cost": cost,
    }


def figures(board: SessionBoard, frame: Frame) -> list[Figure]:
    """The totals of the session; each leads to its rows."""
    began = f"{board.started_at:%Y-%m-%dT%H:%M:%SZ}"
    rows = Address("", {"from": began, "session": board.session_id, "sample": "1" if frame.sample else ""})
    kinds = Counter(span.kind for span in board.spans)
    errors = sum(span.status == "error" for span in board.spans)
    return [
        Figure("Cost", cost_words(frame, board.cost_micros, board.unpriced_requests, board.requests_total)),
        Figure("Took", rough(milliseconds(board.started_at, board.ended_at))),
        Figure("Fires", kinds["skill"] + kinds["agent"] + kinds["mcp"], rows("/fires", kind="skill,mcp,agent")),
        Figure("Errors", errors, rows("/fires", status="error")),
        Figure("Prompts", kinds["session"], rows("/fires", kind="session"), aside=True),
        Figure("Tool calls", kinds["tool"], rows("/fires", kind="tool"), aside=True),
        Figure("Requests", board.requests_total, rows("/requests"), aside=True),
    ]


def render_session(board: SessionBoard, frame: Frame) -> str:
    """The waterfall of one session."""
    shown = moments(board)
    lane = Lane(shown)
    return render(
        "session.html",
        frame=frame,
        line=board,
        stats=figures(board, frame),
        back=frame.listing("/sessions"),
        engineer=frame.listing("/sessions", engineer=board.engineer_id),
        whole=duration(lane.whole),
        rows=[moment_row(moment, lane, number, frame) for number, moment in enumerate(shown)],
        omitted=board.omitted,
    )


async def session(request: Request, principal: Principal) -> Response:
    """One session that the reader may see."""
    name = request.path_params["session"]
    view = await look(request, principal, SESSIONS, ranged=False)
    board = await request.app.state.boards.sessions.one(view.principal, name)
    frame = view.frame if view.frame.sample else replace(view.frame, has_sample=False)
    return Page(render_session(board, replace(frame, exported=f"/v1/sessions/{quote(name, safe='')}")))


CALLS = (Call("GET", "/sessions/{session:path}", "read", "One session, moment by moment.", session, page=True),)
