"""The page of who may call what: every call and page against every kind of token, from the table of calls."""

from docs._reference.markdown import table
from tallyward.domain.access import Principal
from tallyward.web.app import CALLS
from tallyward.web.calls import Call

# Each kind of caller by the scopes of its token, and whether it is bound to an engineer; None: no token at all.
SCOPES: dict[str, tuple[tuple[str, ...], bool] | None] = {
    "nobody": None,
    "machine": (("capture",), False),
    "engineer": (("capture", "read"), True),
    "lead": (("read",), False),
    "dispatcher": (("dispatch",), False),
    "approver": (("approve",), False),
    "admin": (("admin",), False),
}
HEAD = """# Who may call what

Each call of the API and each page, against each kind of caller. A machine's token has the scope `capture`, an
engineer's `capture` and `read` and is bound to them, a lead's `read`, an admin's `admin`; whoever signs in with an
account of the organisation is engineer, lead or admin by their groups, without `capture`. Tests make every one of these
calls as every one of these callers, and as strangers with an expired, a revoked and a made-up token, who may do what
nobody may.

Being let in is not seeing everything. An engineer's token is answered with the own rows and with sums of the team;
groups of fewer than three people are left out of what it is told. A lead sees people and agents, an admin the tokens
besides.
"""


def may(call: Call, role: str) -> bool:
    """Whether a caller of this kind gets past the door of this call."""
    held = SCOPES[role]
    if call.access == "open" or held is None:
        return call.access == "open"
    scopes, bound = held
    principal = Principal(0, "default", role, frozenset(scopes), engineer_id="somebody" if bound else None)
    if bound and call.of_everybody:
        return False
    return call.access == "signed in" or principal.may(call.access)


def page() -> str:
    pages = [call for call in CALLS if call.page]
    calls = [call for call in CALLS if not call.page]
    return "\n\n".join([HEAD.strip(), "## Pages", _matrix(pages), "## Calls", _matrix(calls)])


def _matrix(calls: list[Call]) -> str:
    ordered = sorted(calls, key=lambda call: (call.path, call.method))
    rows = [
        [f"`{call.method} {call.path}`", *("yes" if may(call, role) else "" for role in SCOPES)] for call in ordered
    ]
    return table(["call", *SCOPES], rows)
