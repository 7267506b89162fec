"""The organisation's tokens, for those who administer it: made, shown once, and ended."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tallyward import clock
from tallyward.domain.access import SCOPES, Principal, Token
from tallyward.errors import ConfigInvalid
from tallyward.redact import Secret
from tallyward.web.calls import Call
from tallyward.web.pages._forms import form_of
from tallyward.web.pages._frame import Frame, Room, connect_command, look
from tallyward.web.rendering import PAGE_HEADERS, Page, render

ROOM = Room("Tokens", "/tokens", 100, "admin")
NAME_CHARS_MAX, HANDLE_CHARS_MAX = 100, 200  # what the form says too; the handle as in a fire


def render_tokens(
    tokens: Sequence[Token],
    principal: Principal,
    frame: Frame,
    *,
    made: tuple[Secret, Token] | None = None,
    problem: str = "",
) -> str:
    """The tokens of the organisation; `made` is one that was just created, whose secret is shown this once."""
    return render(
        "tokens.html",
        frame=frame,
        tokens=[token_row(token, principal, clock.now()) for token in tokens],
        scopes=SCOPES,
        made=made[1].name if made else None,
        connect=connect_command(frame.server, made[0].reveal()) if made else "",
        problem=problem,
    )


def token_row(token: Token, principal: Principal, now: datetime) -> dict[str, Any]:
    ended = token.expires_at is not None and token.expires_at <= now
    state = "revoked" if token.revoked_at else "expired" if ended else "active"
    return {"token": token, "state": state, "own": token.id == principal.token_id}


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
    view = await look(request, principal, ROOM)
    frame = replace(view.frame, mark="", sample=False, has_sample=False, ranged=False)
    return render_tokens(listed, principal, frame, made=made, problem=problem)


CALLS = (
    Call("GET", "/tokens", "admin", "The organisation's tokens.", tokens_page, page=True),
    Call("POST", "/tokens", "admin", "Makes a token.", create_token, page=True),
    Call("POST", "/tokens/{number:int}/revoke", "admin", "Ends a token.", revoke_token, page=True),
)
