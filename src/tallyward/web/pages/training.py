"""What decisions about pull requests led to: a line an action, with the interval that its cases allow."""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.rate import Rate
from tallyward.domain.training import ActionLine, Hours
from tallyward.services.training import TrainingReport
from tallyward.web.calls import Call
from tallyward.web.pages._frame import Frame, Room, look
from tallyward.web.rendering import Page, render

ROOM = Room("Training", "/training", 46)


def words_of(rate: Rate) -> str:
    """The rate with its interval and its cases, for those who do not see the drawing."""
    if rate.value is None or rate.low is None or rate.high is None:
        return "no case has ended"
    return f"{rate.value:.0%} of {rate.n}, the true one is {rate.low:.0%} to {rate.high:.0%}, 95 times in 100"


def hours_of(value: float | None, low: float | None, high: float | None) -> str:
    """`4.2 h (3.0 to 5.4)`; a dash where it is undefined."""
    if value is None:
        return "—"
    return f"{value:.1f} h" + ("" if low is None or high is None else f" ({low:.1f} to {high:.1f})")


def row_of(line: ActionLine) -> dict[str, object]:
    took: Hours = line.resolution_hours
    return {
        "line": line,
        "words": words_of(line.success),
        "mean": hours_of(took.mean, took.mean_low, took.mean_high),
        "median": hours_of(took.median, took.median_low, took.median_high),
        "outcomes": ", ".join(f"{count} {result}" for result, count in line.outcomes.items()) or "—",
    }


def render_training(report: TrainingReport, frame: Frame) -> str:
    """The page of what actions led to."""
    return render("training.html", frame=frame, report=report, rows=[row_of(line) for line in report.actions])


async def page(request: Request, principal: Principal) -> Response:
    view = await look(request, principal, ROOM, exported="/v1/training")
    report = await request.app.state.training.report(view.principal, view.asked)
    return Page(render_training(report, view.frame))


CALLS = (
    Call("GET", "/training", "read", "What decisions about pull requests led to, by action.", page, page=True),
)  # fmt: skip
