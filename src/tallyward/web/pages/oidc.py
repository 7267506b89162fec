"""Signing in with an account of the organisation: the way to its identity provider, and the way back.

Each tenant has a way back of its own, so that an answer of one provider is never taken for another's. Between the two
ways the browser keeps a cookie that only they can read; without it, nobody can be signed in by following a link.
"""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tallyward.domain.access import Principal
from tallyward.errors import TallyError
from tallyward.services.sign_in import PENDING_CHARS_MAX, PENDING_SECONDS, unsealed
from tallyward.web import auth
from tallyward.web.calls import Call
from tallyward.web.pages._forms import safe_onward
from tallyward.web.pages._frame import server_address
from tallyward.web.problems import error_headers, error_response
from tallyward.web.rendering import PAGE_HEADERS, Page, render

COOKIE = "tally_sign_in"
HEADINGS = {
    "sign_in_stale": "Begin again",
    "sign_in_refused": "You may not come in",
    "sign_in_unproven": "Not signed in",
    "clocks_differ": "The clocks differ",
    "provider_unavailable": "The provider does not answer",
    "provider_misconfigured": "The provider is not set up",
    "not_found": "Nothing here",
}


def cookie_name(request: Request) -> str:
    """By https a name that no other host under the same domain can set: nobody puts a sign-in of theirs into it."""
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE


async def begin(request: Request, _principal: Principal) -> Response:
    """To the provider. Another site's page cannot start it: it is led to ours first."""
    tenant = request.path_params["tenant"]
    onward = safe_onward(request.query_params.get("next", "/"))
    if auth.is_from_elsewhere(request):
        return RedirectResponse("/sign-in", 303, PAGE_HEADERS)
    back = f"{server_address(request)}/sign-in/oidc/{tenant}/callback"
    address, pending = await request.app.state.sign_in.begin(tenant, redirect_uri=back, onward=onward)
    response = RedirectResponse(address, 303, PAGE_HEADERS)
    response.set_cookie(
        cookie_name(request),
        pending.sealed(),
        max_age=PENDING_SECONDS,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",  # the provider leads back by a link, and with it this cookie must come
    )
    return response


async def callback(request: Request, _principal: Principal) -> Response:
    """Back from the provider: signed in, or told why not. Either way this sign-in is over."""
    try:
        pending = unsealed(request.cookies.get(cookie_name(request), "")[:PENDING_CHARS_MAX])
        answer = dict(request.query_params)
        secret, lives = await request.app.state.sign_in.finish(request.path_params["tenant"], pending, answer)
    except TallyError as error:
        response = problem(request, error)
    else:
        response = RedirectResponse(safe_onward(pending.onward), 303, PAGE_HEADERS)
        auth.sign_in(response, request, secret, seconds=int(lives.total_seconds()))
    response.delete_cookie(
        cookie_name(request), path="/", secure=request.url.scheme == "https", httponly=True, samesite="lax"
    )
    return response


def problem(request: Request, error: TallyError) -> Response:
    """What went wrong and what to do, with the way back to the door."""
    if "text/html" not in request.headers.get("accept", ""):
        return error_response(error)
    page = render(
        "sign_in_problem.html",
        frame=None,
        heading=HEADINGS.get(error.code, "That did not work"),
        message=error.message,
        remedy=error.remedy,
        code=error.code,
    )
    return Page(page, error.status, error_headers(error))


CALLS = (
    Call("GET", "/sign-in/oidc/{tenant}", "open", "To the identity provider.", begin, page=True, problem=problem),
    Call(
        "GET",
        "/sign-in/oidc/{tenant}/callback",
        "open",
        "Back from the identity provider, with a code.",
        callback,
        page=True,
        problem=problem,
    ),
)
