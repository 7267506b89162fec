"""The call by which laptops say what became of the rows that they fired."""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.capture_report import CaptureReportIn
from tallyward.web.bodies import Json, read_body
from tallyward.web.calls import Call


class Reported(Struct):
    """How many rows of the books were new or newer than what was known."""

    kept: int


async def take_report(request: Request, principal: Principal) -> Response:
    kept = await request.app.state.capture_reports.take_in(principal, await read_body(request))
    return Json(Reported(kept), 202)


CALLS = (
    Call(
        "POST", "/v1/capture-report", "capture", "Keeps the books of a laptop: by day and engineer, what it fired.",
        take_report, takes=CaptureReportIn, gives=Reported, status=202,
    ),
)  # fmt: skip
