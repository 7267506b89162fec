"""Processes deliveries after they were stored, in the order in which they came for each subject.

What fails is tried again a few times, and holds up its own subject alone meanwhile. Then it is parked with the reason
and the subject goes on: the facts of a pull request merge in any order, so what comes later is right without it, and
what was parked is right whenever it is replayed. A delivery and what follows from it commit together.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import psycopg

from tallyward.domain.delivery import next_step
from tallyward.domain.pull_request import PullRequestFacts
from tallyward.domain.tenant import TenantConfig
from tallyward.errors import Busy, TallyError
from tallyward.fault_points import reached
from tallyward.ledger import processing as queue
from tallyward.ledger.background import hang_up
from tallyward.ledger.database import CHANGES_CHANNEL, Connection, Database, say_tenant
from tallyward.ledger.processing import Begun, Settled
from tallyward.services.looks import ask_for_looks
from tallyward.services.pull_requests import PullRequests, Renamed
from tallyward.services.tenants import Tenants
from tallyward.webhooks._base import Told

LOOK_SECONDS = 1.0  # between two looks for what another server has stored, or what is due again
HANDLE_SECONDS_MAX = 30.0  # for one batch

# Takes in what some deliveries of a tenant told, in a transaction that speaks for it.
Handle = Callable[[Connection, str, Sequence[Told]], Awaitable[None]]

_log = logging.getLogger(__name__)


class Unreadable(Exception):
    """The facts that were stored are not those of this release."""


def handler(tenants: Tenants) -> Handle:
    """What is done with deliveries: the facts of pull requests are taken in, and these are looked at again."""
    pull_requests = PullRequests(tenants)

    async def handle(connection: Connection, tenant: str, told: Sequence[Told]) -> None:
        facts = [_named(tenants.config(tenant), one.pull_request) for one in told if one.pull_request is not None]
        if facts:
            await pull_requests.take_all(connection, tenant, facts)
        for renamed in filter(None, map(_renamed, told)):
            await pull_requests.rename(connection, tenant, renamed)
        await ask_for_looks(connection, tenant, tenants.config(tenant), told)

    return handle


def _named(config: TenantConfig, facts: PullRequestFacts) -> PullRequestFacts:
    """A delivery knows of which kind its forge is; what the forge is called is the tenant's own choice."""
    of_kind = [forge for forge in config.forges if forge.kind == facts.forge]
    listed = [forge for forge in of_kind if facts.repo in forge.repos]
    # A repository that was renamed or is not listed is of the only forge there is of its kind.
    found = listed or (of_kind if len(of_kind) == 1 else [])
    return msgspec.structs.replace(facts, forge=found[0].name) if found else facts


def _renamed(told: Told) -> Renamed | None:
    if told.repo_id is None or told.was is None or told.repo is None or told.told_at is None:
        return None
    return Renamed(repo_id=told.repo_id, was=told.was, repo=told.repo, at=told.told_at)


class Processor:
    """`start()` it with the server and `stop()` it before the database."""

    def __init__(self, database: Database, handle: Handle) -> None:
        self._database = database
        self._handle = handle
        self._task: asyncio.Task[None] | None = None
        self._stored = asyncio.Event()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="processor")

    async def stop(self) -> None:
        if self._task is not None:
            await hang_up([self._task])
            self._task = None

    def wake(self) -> None:
        """Something was stored just now."""
        self._stored.set()

    async def _run(self) -> None:
        while True:
            try:
                async with queue.processing(self._database) as connection:
                    if connection is not None:
                        await self._lead(connection)
            except Busy as error:
                _log.info("deliveries wait: %s", error.message)
            except Exception as mistake:  # noqa: BLE001  # a mistake of ours must not end it for ever: logged
                _log.error("processing deliveries failed with %s", type(mistake).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def _lead(self, connection: Connection) -> None:
        """Processes what there is, and then what comes, as long as the session lives."""
        while True:
            self._stored.clear()
            for tenant in await queue.tenants(connection):
                while await self.step(connection, tenant):
                    pass
            try:
                await asyncio.wait_for(self._stored.wait(), LOOK_SECONDS)
            except TimeoutError:
                continue

    async def step(self, connection: Connection, tenant: str) -> bool:
        """Processes some deliveries of a tenant. False when none is due."""
        begun = await queue.begin(connection, tenant)
        if not begun:
            return False
        reached("deliveries.begun")
        async with connection.transaction():
            await say_tenant(connection, tenant)
            settled = await self._together(connection, tenant, begun)
            if settled is None:
                settled = await self._apart(connection, tenant, begun)
            await queue.settle(connection, settled)
            reached("deliveries.before_commit")
            await connection.execute("SELECT pg_notify(%s, %s)", (CHANGES_CHANNEL, tenant))
        return True

    async def _together(self, connection: Connection, tenant: str, begun: Sequence[Begun]) -> list[Settled] | None:
        """All at once; None, and nothing done, when that fails."""
        if await self._failure(connection, tenant, begun) is not None:
            return None
        return [Settled(id=one.id, state="done", tries=one.tries) for one in begun]

    async def _apart(self, connection: Connection, tenant: str, begun: Sequence[Begun]) -> list[Settled]:
        """Each for itself, so that one that fails takes no other down; what comes after it of its subject waits."""
        settled: list[Settled] = []
        held: set[str] = set()
        for one in begun:
            if one.subject in held:
                settled.append(Settled(id=one.id, state="waiting", tries=one.tries - 1))
                continue
            reason = await self._failure(connection, tenant, [one])
            if reason is None:
                settled.append(Settled(id=one.id, state="done", tries=one.tries))
                continue
            state, delay = next_step(one.tries)
            _log.warning("delivery %s of %s failed with %s: %s", one.id, tenant, reason, state)
            settled.append(Settled(id=one.id, state=state, reason=reason, tries=one.tries, delay=delay))
            if state == "waiting":
                held.add(one.subject)
        return settled

    async def _failure(self, connection: Connection, tenant: str, begun: Sequence[Begun]) -> str | None:
        """Has these taken in, all or none of them; the kind of failure where that did not go well."""
        try:
            async with asyncio.timeout(HANDLE_SECONDS_MAX), connection.transaction():
                await self._handle(connection, tenant, [_told(one) for one in begun])
        except psycopg.OperationalError:
            raise  # the session is lost, or the disk is full: no fault of the delivery
        except TallyError as error:
            return error.code
        except Exception as mistake:  # noqa: BLE001  # a delivery may fail in any way: its kind is told and kept
            return type(mistake).__name__
        return None


def _told(begun: Begun) -> Told:
    try:
        told = msgspec.convert(begun.facts, Told)
    except msgspec.ValidationError as error:
        raise Unreadable from error
    told = msgspec.structs.replace(told, told_at=begun.received_at)
    if told.pull_request is None:
        return told
    facts = msgspec.structs.replace(told.pull_request, told_at=begun.received_at)
    return msgspec.structs.replace(told, pull_request=facts)
