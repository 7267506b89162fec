"""Puts the application together: services on a ledger, calls on services, one error shape around all of them."""

import asyncio
import logging
import traceback
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import State
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tallyward import clock
from tallyward.config import Settings
from tallyward.errors import Internal, Invalid, MethodNotAllowed, NotFound, TallyError
from tallyward.ids import random_hex
from tallyward.ledger.database import Database
from tallyward.ledger.writer import Writer
from tallyward.prices import price as prices
from tallyward.redact import Secret
from tallyward.services.accept import Acceptance
from tallyward.services.board import Board
from tallyward.services.boards import Boards
from tallyward.services.capture_reports import CaptureReports
from tallyward.services.decisions import Decisions
from tallyward.services.deliveries import Deliveries
from tallyward.services.durable import Durable, all_duties
from tallyward.services.duties._base import Means
from tallyward.services.events import Events
from tallyward.services.forwarding import Forwarder
from tallyward.services.holds import Holds
from tallyward.services.inbox import Inbox
from tallyward.services.ingest import Ingest
from tallyward.services.otlp import Exports
from tallyward.services.processing import Processor, handler
from tallyward.services.rates import RateBook
from tallyward.services.rolling import Roller
from tallyward.services.sealing import Seals
from tallyward.services.series import Series
from tallyward.services.shadow import ShadowPolicy
from tallyward.services.sign_in import SignIn
from tallyward.services.sinks import Sinks
from tallyward.services.tenants import Tenants
from tallyward.services.tokens import Tokens
from tallyward.services.training import Training
from tallyward.services.trust import TrustBook
from tallyward.services.usage import Accounts
from tallyward.services.webhook_secrets import WebhookSecrets
from tallyward.services.work import Work
from tallyward.web import (
    api,
    boards,
    capture_reports,
    decisions,
    holds,
    influx,
    otlp,
    pages,
    policy,
    pull_requests,
    scrape,
    sinks,
    training,
    trust,
    usage,
    webhooks,
    work,
)
from tallyward.web.auth import authorise
from tallyward.web.calls import Call
from tallyward.web.live import Feed
from tallyward.web.openapi import describe
from tallyward.web.problems import error_response
from tallyward.web.seen import STRAY, Seen

_log = logging.getLogger(__name__)

CALLS: tuple[Call, ...] = (
    *api.CALLS, *boards.CALLS, *usage.CALLS, *otlp.CALLS, *capture_reports.CALLS, *work.CALLS, *trust.CALLS,
    *decisions.CALLS, *holds.CALLS, *scrape.CALLS, *influx.CALLS, *sinks.CALLS, *webhooks.CALLS, *pages.CALLS,
    *pull_requests.CALLS, *training.CALLS, *policy.CALLS,
)  # fmt: skip


class _Endpoint:
    """One call as an ASGI application: who asks, what they ask, the answer, and every error of ours in its shape."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._known = {query.name for query in call.queries}
        self.seen = Seen()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = clock.elapsed_seconds()
        request = Request(scope, receive, send)
        try:
            response = await self._respond(request)
        except TallyError as error:
            response = self._problem(request, error)
        except Exception as error:  # noqa: BLE001  # the last net: logged under a number that the caller is given
            response = self._problem(request, _logged(request, error))
        self.seen.add(response.status_code, clock.elapsed_seconds() - started)
        await response(scope, receive, send)

    def _problem(self, request: Request, error: TallyError) -> Response:
        if self._call.problem is not None:
            return self._call.problem(request, error)
        return pages.problem(request, error) if self._call.page else error_response(error)

    async def _respond(self, request: Request) -> Response:
        call = self._call
        principal = await authorise(request, request.app.state.tokens, call.access, of_everybody=call.of_everybody)
        if request.scope["query_string"] and not call.page:
            _refuse_unknown_query(request.query_params, self._known)
        return await call.handler(request, principal)


def _refuse_unknown_query(given: Mapping[str, Any], known: set[str]) -> None:
    for name in given:
        if name not in known:
            choices = ", ".join(sorted(known)) or "none"
            raise Invalid(f"{name[:100]} is not a parameter of this call; it takes {choices}.", field=name[:100])
        if "\0" in given[name]:
            raise Invalid(f"{name} holds a NUL character.", field=name)


async def _http_problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    request.app.state.seen[STRAY].count(status)
    known: TallyError = MethodNotAllowed() if status == MethodNotAllowed.status else NotFound()
    for_people = "text/html" in request.headers.get("accept", "")
    if for_people and not request.scope["path"].startswith(("/v1/", "/api/", "/tenants/")):
        response = pages.problem(request, known)
    else:
        response = error_response(known)
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)  # which methods there are
    return response


def _logged(request: Request, error: Exception) -> Internal:
    """Logs a mistake of ours: where it happened and of which kind. What the error says may repeat what was sent."""
    number = random_hex(8)
    places = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    where = (request.method, request.scope["path"])
    _log.error("request %s: %s %s: %s\n%s", number, *where, type(error).__name__, places)
    return Internal(f"The server made a mistake; it is logged as {number}.")


class App(Starlette):
    """Starlette with a short way in: a call with one fixed address is looked up, not searched for.

    The long way, through the middleware and the routes, is for everything else: addresses with a number or a name in
    them, static files, HEAD, wrong addresses and wrong methods.
    """

    calls: Mapping[tuple[str, str], _Endpoint]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self.calls.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if endpoint is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        await endpoint(scope, receive, send)


def _load(state: State) -> None:
    """What takes a moment to load and is soon wanted."""
    prices.load()
    state.sign_in.load()


@asynccontextmanager
async def _alive(app: Starlette) -> AsyncGenerator[None]:
    """The services of the application, from start-up to shut-down, in the order in which they need each other."""
    state = app.state
    await state.database.open()
    await state.writer.start()
    state.roller.start()
    state.durable.start()
    state.forwarder.start()
    state.processor.start()
    following = asyncio.create_task(state.feed.run(), name="feed")
    loading = asyncio.create_task(asyncio.to_thread(_load, state), name="loading")
    try:
        yield
    finally:
        state.feed.close()
        following.cancel()
        await asyncio.wait([following, loading])
        await state.forwarder.stop()
        await state.processor.stop()
        await state.durable.stop()
        await state.forges.close()
        await state.roller.stop()
        await state.writer.stop()
        await state.database.close()


def _add_writers(state: State, database: Database, writer: Writer) -> None:
    """What takes rows in."""
    state.ingest = Ingest(writer)
    state.accounts = Accounts(database, writer)
    state.exports = Exports(writer)


def _add_reports(state: State, database: Database, tenants: Tenants) -> None:
    """What takes in reports of laptops and steps of work items, and tells what follows from these."""
    state.capture_reports = CaptureReports(database)
    state.rates = RateBook(database, tenants)
    state.trust = TrustBook(database, tenants)
    state.shadow = ShadowPolicy(database)
    state.holds = Holds(database, tenants, state.trust)
    state.work = Work(database, state.rates.after_merge)
    state.events = Events(database)
    state.decisions = Decisions(database, tenants)
    state.series = Series(database, tenants)
    state.sinks = Sinks(database, tenants)
    state.training = Training(database)


def _add_background(state: State, database: Database, tenants: Tenants) -> None:
    """What goes on whether anybody asks for it or not, and what asks the forges."""
    means = Means(database, tenants)
    state.roller = Roller(database, tenants)
    state.forges = means.forges
    state.acceptance = Acceptance(database, tenants, state.settings.tenants_dir, means.forges)
    state.durable = Durable(means, all_duties(means))
    state.forwarder = Forwarder(database, tenants, state.series)
    state.processor = Processor(database, handler(tenants))


def _add_inbox(state: State) -> None:
    """What takes deliveries of forges in, and tells what became of them."""
    secrets = WebhookSecrets(state.database, Seals(state.settings))
    state.inbox = Inbox(state.writer, state.tenants, secrets, state.processor.wake)
    state.deliveries = Deliveries(state.database, state.tenants)


def create_app(settings: Settings, database_url: Secret) -> App:
    """The ASGI application on a migrated database."""
    endpoints = {(call.method, call.path): _Endpoint(call) for call in CALLS}
    routes = [Route(path, endpoint, methods=[method]) for (method, path), endpoint in endpoints.items()]
    app = App(
        routes=[*routes, *pages.static_routes()], lifespan=_alive, exception_handlers={HTTPException: _http_problem}
    )
    app.calls = {key: endpoint for key, endpoint in endpoints.items() if "{" not in key[1]}
    app.router.redirect_slashes = False  # an address is right or wrong; no answer leads to where a header says
    database = Database(database_url)
    tenants = Tenants(database, settings.tenants_dir)
    writer = Writer(database, pricer=prices.price)
    app.state.settings = settings
    app.state.database = database
    app.state.tenants = tenants
    app.state.writer = writer
    app.state.tokens = Tokens(database)
    app.state.sign_in = SignIn(tenants, app.state.tokens)
    app.state.board = Board(database, tenants)
    app.state.boards = Boards(database, tenants)
    _add_writers(app.state, database, writer)
    _add_reports(app.state, database, tenants)
    _add_background(app.state, database, tenants)
    _add_inbox(app.state)
    app.state.feed = Feed(database.changes)
    app.state.seen = {STRAY: Seen()} | {key: endpoint.seen for key, endpoint in endpoints.items()}
    app.state.openapi = msgspec.json.encode(describe(CALLS))
    return app
