"""The call that tells what decisions about pull requests led to."""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.services.training import TrainingReport
from tallyward.web.calls import Call
from tallyward.web.parameters import RANGE, asked
from tallyward.web.tables import answer


async def training(request: Request, principal: Principal) -> Response:
    return answer(request, await request.app.state.training.report(principal, asked(request)), "actions")


CALLS = (
    Call(
        "GET", "/v1/training", "read", "What each action on pull requests led to: shares and times, with intervals.",
        training, gives=TrainingReport, query=RANGE, table="actions",
    ),
)  # fmt: skip
