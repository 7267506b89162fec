"""The pages: each is a few lines between a service and a view, listed in `CALLS`.

A page is for a person: whoever is not signed in is led to the way in and back again, and an error is a page too.
"""

from urllib.parse import parse_qs, quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tallyward import clock
from tallyward.domain.access import Principal, Token
from tallyward.domain.tenant import SAMPLE_TENANT
from tallyward.errors import BadRequest, ConfigInvalid, Invalid, NotAuthenticated, NotFound, TallyError
from tallyward.redact import Secret
from tallyward.web import agents, auth
from tallyward.web.bodies import read_body
from tallyward.web.calls import Call
from tallyward.web.live import live
from tallyward.web.problems import error_response
from tallyward.web.rendering import PAGE_HEADERS, Page
from tallyward.web.statics import static_routes
from tallyward.web.views import (
    ORDERS,
    SORTS,
    Choice,
    render_me,
    render_problem,
    render_sign_in,
    render_team,
    render_tokens,
)

FORM_BYTES_MAX = 8_192  # a form of ours has a few short fields
ONWARD_CHARS_MAX = 500  # an address of ours is far shorter
NAME_CHARS_MAX, HANDLE_CHARS_MAX = 100, 200  # what the form says too; the handle as in a fire
HEADINGS = {401: "Sign in first", 403: "Not for this token", 404: "Nothing here", 503: "One moment"}


def safe_onward(address: str) -> str:
    """`address` if it is a path on this site, else the board: nobody is sent elsewhere by signing in."""
    plain = address.isascii() and address.isprintable() and "\\" not in address and len(address) <= ONWARD_CHARS_MAX
    if not plain or not address.startswith("/") or address.startswith("//"):
        return "/"
    parts = urlsplit(address)
    return address if not parts.scheme and not parts.netloc else "/"


def server_address(request: Request) -> str:
    """The address under which the reader sees this server: what `tally connect` needs."""
    return str(request.base_url).rstrip("/")


async def form_of(request: Request) -> dict[str, list[str]]:
    """The fields of a posted form. Raises BadRequest when it is not one."""
    body = await read_body(request, FORM_BYTES_MAX)
    try:
        return parse_qs(body.decode("ascii"), errors="strict", max_num_fields=20)
    except ValueError as error:
        raise BadRequest("The form cannot be read.") from error


def choice_of(request: Request) -> Choice:
    """What the address asks for. Raises Invalid with the name of a parameter that is not known."""
    asked = request.query_params
    choice = Choice(asked.get("sort", "fires"), asked.get("order", "desc"), sample=asked.get("sample") == "1")
    if choice.sort not in SORTS:
        raise Invalid(f"The board cannot be sorted so. Choose from {', '.join(SORTS)}.", field="sort")
    if choice.order not in ORDERS:
        raise Invalid(f"order must be one of {', '.join(ORDERS)}.", field="order")
    return choice


async def team(request: Request, principal: Principal) -> Response:
    """The board of the team, or of the sample."""
    state = request.app.state
    choice = choice_of(request)
    has_sample = await state.tenants.exists(SAMPLE_TENANT)
    if choice.sample and not has_sample:
        raise NotFound("This server has no sample data.")
    mark = state.feed.mark(principal.tenant)  # taken before the rows are read: a later commit must differ from it
    board = await state.board.team(principal, sample=choice.sample)
    page = render_team(
        board,
        principal,
        choice=choice,
        today=clock.now().date(),
        server=server_address(request),
        mark=mark,
        has_sample=has_sample,
    )
    return Page(page)


async def me(request: Request, principal: Principal) -> Response:
    """The reader's own page."""
    state = request.app.state
    mark = state.feed.mark(principal.tenant)
    board = await state.board.me(principal) if principal.engineer_id else None
    page = render_me(board, principal, today=clock.now().date(), server=server_address(request), mark=mark)
    return Page(page)


async def sign_in_page(request: Request, _principal: Principal) -> Response:
    return Page(render_sign_in(onward=safe_onward(request.query_params.get("next", "/"))))


async def sign_in(request: Request, _principal: Principal) -> Response:
    """Signs in with a token, or says why not."""
    auth.require_same_site(request)
    form = await form_of(request)
    onward = safe_onward(form.get("next", ["/"])[0])
    token = form.get("token", [""])[0].strip()
    why = "This token is not valid. It may be mistyped, expired or revoked."
    if token.isascii() and 0 < len(token) <= auth.TOKEN_CHARS_MAX:
        secret = Secret(token)
        try:
            principal = await request.app.state.tokens.authenticate(secret)
        except NotAuthenticated:
            return Page(render_sign_in(onward=onward, problem=why), 401)
        if principal.may("read"):
            response = RedirectResponse(onward, 303, PAGE_HEADERS)
            auth.sign_in(response, request, secret)
            return response
        why = "This token may not read. Ask for one with the scope read."
    return Page(render_sign_in(onward=onward, problem=why), 401)


async def sign_out(request: Request, _principal: Principal) -> Response:
    """Forgets the token in this browser; the token itself stays valid."""
    auth.require_same_site(request)
    response = RedirectResponse("/sign-in", 303, PAGE_HEADERS)
    auth.sign_out(response)
    return response


async def tokens_page(request: Request, principal: Principal) -> Response:
    """The organisation's tokens, for those who administer it."""
    return Page(await _tokens(request, principal))


async def create_token(request: Request, principal: Principal) -> Response:
    """Makes a token and shows it this once."""
    form = await form_of(request)
    name, engineer = (form.get(field, [""])[0].strip() for field in ("name", "engineer"))
    if len(name) > NAME_CHARS_MAX or len(engineer) > HANDLE_CHARS_MAX:
        return Page(await _tokens(request, principal, problem="That name is too long."), 422)
    try:
        made = await request.app.state.tokens.create(
            principal.tenant,
            name=name,
            scopes=form.get("scope", []),
            engineer_id=engineer or None,
            actor=f"token {principal.token_id}",
        )
    except ConfigInvalid as error:
        return Page(await _tokens(request, principal, problem=error.message), 422)
    return Page(await _tokens(request, principal, made=made))


async def revoke_token(request: Request, principal: Principal) -> Response:
    """Ends a token."""
    number = request.path_params["number"]
    await request.app.state.tokens.revoke(principal.tenant, number=number, actor=f"token {principal.token_id}")
    return RedirectResponse("/tokens", 303, PAGE_HEADERS)


async def _tokens(
    request: Request, principal: Principal, *, made: tuple[Secret, Token] | None = None, problem: str = ""
) -> str:
    listed = await request.app.state.tokens.listing(principal.tenant)
    server = server_address(request)
    return render_tokens(listed, principal, now=clock.now(), server=server, made=made, problem=problem)


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
    page = render_problem(None, heading=heading, message=error.message, remedy=error.remedy)
    return Page(page, error.status, error_response(error).headers if error.retryable else None)


CALLS = (
    Call("GET", "/", "read", "The team's utilisation board.", team, page=True),
    Call("GET", "/me", "read", "The reader's own row, skills and latest fires.", me, page=True),
    Call("GET", "/agents", "read", "What the agents in the cluster cost, and what came of it.", agents.page, page=True),
    Call("GET", "/live", "read", "Server-sent events: something was stored.", live, page=True),
    Call("GET", "/sign-in", "open", "The way in.", sign_in_page, page=True),
    Call("POST", "/sign-in", "open", "Signs in with a token.", sign_in, page=True),
    Call("POST", "/sign-out", "open", "Forgets the token in this browser.", sign_out, page=True),
    Call("GET", "/tokens", "admin", "The organisation's tokens.", tokens_page, page=True),
    Call("POST", "/tokens", "admin", "Makes a token.", create_token, page=True),
    Call("POST", "/tokens/{number:int}/revoke", "admin", "Ends a token.", revoke_token, page=True),
)

__all__ = ["CALLS", "problem", "static_routes"]
