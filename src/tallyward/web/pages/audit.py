"""The audit trail: what was decided and changed, by whom, and whether the chain that binds it is whole.

The rows are those of `/v1/audit`, from the same call, which checks the hashes at the end of the chain.
"""

from typing import Any, cast

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.services.audit import AuditBoard, EventRow
from tallyward.web.calls import Call
from tallyward.web.pages._frame import Frame, Room, look
from tallyward.web.pages._paging import pager
from tallyward.web.parameters import asked_or_ever, paging
from tallyward.web.rendering import Page, render

ROOM = Room("Audit", "/audit", 80, "admin")
FACTS_MAX = 12  # an event has a few facts; the rest is in the export
HASH_CHARS = 12


def fact_text(value: object) -> str:
    """A fact as a person writes it: a list with commas, everything else as JSON has it."""
    if isinstance(value, list):
        return ", ".join(fact_text(part) for part in cast("list[object]", value)) or "none"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def event_row(event: EventRow, frame: Frame) -> dict[str, Any]:
    """One event: what happened, its facts as text, and the two ends of its link in the chain."""
    facts = [(name, fact_text(value)) for name, value in event.payload.items() if value is not None]
    return {
        "event": event,
        "facts": facts[:FACTS_MAX],
        "hash": event.hash[:HASH_CHARS],
        "before": event.prev_hash[:HASH_CHARS] or "the beginning",
        "only": frame.address(event=event.kind, page=None),
    }


def render_audit(board: AuditBoard, frame: Frame) -> str:
    """The trail and the state of its chain."""
    return render(
        "audit.html",
        frame=frame,
        chain=board.chain,
        head=(board.chain.head or "")[:HASH_CHARS],
        total=board.total,
        rows=[event_row(event, frame) for event in board.events],
        event=frame.address.given.get("event"),
        every=frame.address(event=None, page=None),
        pager=pager(frame, page=board.page, limit=board.limit, shown=len(board.events), total=board.total),
    )


async def audit(request: Request, principal: Principal) -> Response:
    """The trail of the organisation, all of it or of a range."""
    view = await look(request, principal, ROOM, exported="/v1/audit", ever=True)
    event = view.frame.address.given.get("event")
    board = await request.app.state.boards.audit.read(view.principal, asked_or_ever(request), paging(request), event)
    return Page(render_audit(board, view.frame))


CALLS = (Call("GET", "/audit", "admin", "The audit trail and the state of its chain.", audit, page=True),)
