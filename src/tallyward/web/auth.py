"""Whose request it is: a token in the header, or the same token in the cookie that signing in sets."""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.errors import CrossSite, NotAuthenticated, ScopeMissing
from tallyward.redact import Secret
from tallyward.services.tokens import Tokens
from tallyward.web.bodies import header
from tallyward.web.calls import Access

COOKIE = "tally_session"
COOKIE_SECONDS = 30 * 24 * 3600  # the token behind it may end sooner, and then so does the session
TOKEN_CHARS_MAX = 200  # ours have about 60; a longer one is not looked at
NOBODY = Principal(token_id=0, tenant="", name="nobody", scopes=frozenset())
SCHEMES = ("bearer", "token")  # the second is what clients of InfluxDB say
_SAFE_METHODS = frozenset({"GET", "HEAD"})


def presented(request: Request) -> Secret | None:
    """The token that came with the request, None when there is none, it cannot be one of ours, or there are two."""
    given = [value for key, value in request.scope["headers"] if key == b"authorization"]
    if given:
        scheme, _, token = given[0].decode("latin-1").partition(" ")
        token = token.strip()
        if scheme.lower() not in SCHEMES or len(given) > 1:
            return None
    else:
        token = request.cookies.get(COOKIE, "")
    return Secret(token) if token and token.isascii() and len(token) <= TOKEN_CHARS_MAX else None


async def authorise(request: Request, tokens: Tokens, access: Access, *, of_everybody: bool = False) -> Principal:
    """The principal of this request. Raises NotAuthenticated, ScopeMissing or CrossSite when it may not make it."""
    if access == "open":
        return NOBODY
    secret = presented(request)
    if secret is None:
        raise NotAuthenticated
    principal = await tokens.authenticate(secret)
    if not header(request, b"authorization"):
        require_same_site(request)
    if access != "signed in" and not principal.may(access):
        raise ScopeMissing(f"This call needs the scope {access}; the token has {', '.join(sorted(principal.scopes))}.")
    if of_everybody and principal.role == "engineer":
        raise ScopeMissing("These figures are of everybody together; they need a token bound to no engineer.")
    return principal


def is_from_elsewhere(request: Request) -> bool:
    """Whether another site's page led the browser here."""
    return request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")


def require_same_site(request: Request) -> None:
    """A browser says where a request comes from; another site may not act with our cookie. Raises CrossSite."""
    if request.method in _SAFE_METHODS:
        return
    if is_from_elsewhere(request):
        raise CrossSite


def sign_in(response: Response, request: Request, secret: Secret, *, seconds: int = COOKIE_SECONDS) -> None:
    """Keeps the token in a cookie that scripts cannot read and other sites cannot send along."""
    response.set_cookie(
        COOKIE,
        secret.reveal(),
        max_age=seconds,
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )


def sign_out(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
