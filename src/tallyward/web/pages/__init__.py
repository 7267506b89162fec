"""The pages: one module each, with its handler, its pure view and its line in `CALLS`; found by being there.

A page is for a person: whoever is not signed in is led to the way in and back again, and an error is a page too.
"""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tallyward.errors import NotAuthenticated, TallyError
from tallyward.web.calls import Call
from tallyward.web.live import live
from tallyward.web.pages._frame import modules
from tallyward.web.problems import error_headers, error_response
from tallyward.web.rendering import PAGE_HEADERS, Page, render
from tallyward.web.statics import static_routes

HEADINGS = {401: "Sign in first", 403: "Not for this token", 404: "Nothing here", 503: "One moment"}


def render_problem(*, heading: str, message: str, remedy: str) -> str:
    return render("problem.html", frame=None, heading=heading, message=message, remedy=remedy)


def problem(request: Request, error: TallyError) -> Response:
    """An error as a person should meet it: the way in for who is not signed in, else a page that says what to do."""
    asks_by_script = "hx-request" in request.headers
    if asks_by_script or "text/html" not in request.headers.get("accept", ""):
        return error_response(error)
    if isinstance(error, NotAuthenticated):
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        onward = here if request.method == "GET" else "/"
        return RedirectResponse(f"/sign-in?next={quote(onward, safe='')}", 303, PAGE_HEADERS)
    heading = HEADINGS.get(error.status, "That did not work")
    page = render_problem(heading=heading, message=error.message, remedy=error.remedy)
    return Page(page, error.status, error_headers(error) if error.retryable else None)


def _calls() -> tuple[Call, ...]:
    live_updates = Call("GET", "/live", "read", "Server-sent events: something was stored.", live, page=True)
    return (*(call for module in modules() for call in module.CALLS), live_updates)


CALLS = _calls()

__all__ = ["CALLS", "problem", "static_routes"]
