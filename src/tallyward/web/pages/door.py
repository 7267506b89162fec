"""The way in and out: a token opens the pages in this browser, and signing out forgets it here.

Signing in with an account of the organisation is `oidc.py`; its doors are shown here.
"""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tallyward.domain.access import Principal
from tallyward.errors import NotAuthenticated
from tallyward.redact import Secret
from tallyward.services.sign_in import Way
from tallyward.web import auth
from tallyward.web.calls import Call
from tallyward.web.pages._forms import form_of, safe_onward
from tallyward.web.rendering import PAGE_HEADERS, Page, render


def render_sign_in(ways: Sequence[Way], *, onward: str, problem: str = "") -> str:
    return render("sign_in.html", frame=None, ways=ways, next=onward, problem=problem)


async def sign_in_page(request: Request, _principal: Principal) -> Response:
    ways = request.app.state.sign_in.ways()
    return Page(render_sign_in(ways, onward=safe_onward(request.query_params.get("next", "/"))))


async def sign_in(request: Request, _principal: Principal) -> Response:
    """Signs in with a token, or says why not."""
    auth.require_same_site(request)
    form = await form_of(request)
    onward = safe_onward(form.get("next", ["/"])[0])
    token = form.get("token", [""])[0].strip()
    ways = request.app.state.sign_in.ways()
    why = "This token is not valid. It may be mistyped, expired or revoked."
    if token.isascii() and 0 < len(token) <= auth.TOKEN_CHARS_MAX:
        secret = Secret(token)
        try:
            principal = await request.app.state.tokens.authenticate(secret)
        except NotAuthenticated:
            return Page(render_sign_in(ways, onward=onward, problem=why), 401)
        if principal.may("read"):
            response = RedirectResponse(onward, 303, PAGE_HEADERS)
            auth.sign_in(response, request, secret)
            return response
        why = "This token may not read. Ask for one with the scope read."
    return Page(render_sign_in(ways, onward=onward, problem=why), 401)


async def sign_out(request: Request, _principal: Principal) -> Response:
    """Forgets the token in this browser. It stays valid, unless signing in with an account made it."""
    auth.require_same_site(request)
    secret = auth.presented(request)
    if secret is not None:
        await request.app.state.tokens.close_session(secret)
    response = RedirectResponse("/sign-in", 303, PAGE_HEADERS)
    auth.sign_out(response)
    return response


CALLS = (
    Call("GET", "/sign-in", "open", "The way in.", sign_in_page, page=True),
    Call("POST", "/sign-in", "open", "Signs in with a token.", sign_in, page=True),
    Call("POST", "/sign-out", "open", "Forgets the token in this browser.", sign_out, page=True),
)
