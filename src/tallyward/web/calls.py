"""The table of calls. A route that does not say its scope, its input and its output is not a route: it does not start.

`openapi.py` draws the API description from this table, `app.py` the routes, and the tests the authorisation matrix.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal, Scope
from tallyward.errors import TallyError
from tallyward.services.accept import Acceptance
from tallyward.services.board import Board
from tallyward.services.boards import Boards
from tallyward.services.capture_reports import CaptureReports
from tallyward.services.decisions import Decisions
from tallyward.services.deliveries import Deliveries
from tallyward.services.events import Events
from tallyward.services.holds import Holds
from tallyward.services.inbox import Inbox
from tallyward.services.ingest import Ingest
from tallyward.services.otlp import Exports
from tallyward.services.processing import Processor
from tallyward.services.rates import RateBook
from tallyward.services.series import Series
from tallyward.services.shadow import ShadowPolicy
from tallyward.services.sign_in import SignIn
from tallyward.services.sinks import Sinks
from tallyward.services.tenants import Tenants
from tallyward.services.tokens import Tokens
from tallyward.services.training import Training
from tallyward.services.trust import TrustBook
from tallyward.services.usage import Accounts
from tallyward.services.work import Work

# `open`: anybody. `signed in`: any valid token. Otherwise the scope that is needed, or either of two.
Access = Scope | Literal["open", "signed in", "approve or admin"]


class Services(Protocol):
    """What the handlers work with."""

    ingest: Ingest
    board: Board
    boards: Boards
    acceptance: Acceptance
    accounts: Accounts
    exports: Exports
    tokens: Tokens
    sign_in: SignIn
    tenants: Tenants
    capture_reports: CaptureReports
    work: Work
    events: Events
    rates: RateBook
    decisions: Decisions
    series: Series
    trust: TrustBook
    holds: Holds
    shadow: ShadowPolicy
    sinks: Sinks
    inbox: Inbox
    deliveries: Deliveries
    processor: Processor
    training: Training


@dataclass(frozen=True)
class Query:
    """One query parameter of a call, as the API description tells it."""

    name: str
    schema: dict[str, Any]
    says: str


FORMAT = Query(
    "format", {"type": "string", "enum": ["json", "csv"]}, "How the rows are written; before the header `Accept`."
)
Handler = Callable[[Request, Principal], Awaitable[Response]]
Problem = Callable[[Request, TallyError], Response]


@dataclass(frozen=True)
class Call:
    """One call of the API or one page.

    `takes` and `gives` are the types of the body and the answer (None: none, or a page; a tuple: one of them); `many`
    says that an array or NDJSON of `takes` is accepted too. `table` names the field of the answer whose rows are its
    CSV. `of_everybody` keeps a token that is bound to one engineer away. `media` is what it answers in, where that is
    no JSON. `problem` answers with an error where a protocol has a shape of its own for it.
    """

    method: Literal["GET", "POST"]
    path: str
    access: Access
    says: str
    handler: Handler
    takes: Any = None
    gives: Any = None
    many: bool = False
    status: int = 200
    query: Sequence[Query] = ()
    page: bool = False
    of_everybody: bool = False
    table: str = ""
    media: str = "application/json"
    problem: Problem | None = None

    @property
    def queries(self) -> tuple[Query, ...]:
        """Every query parameter that it takes."""
        return (*self.query, FORMAT) if self.table else tuple(self.query)
