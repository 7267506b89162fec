"""The group-committing writer: many requests, one commit, nobody answered before the commit that holds their rows.

One task owns one connection. It takes everything that waits, writes it in one transaction, commits, and only then hands
out the ids; while it commits, the next group gathers. So the cost of a sync is shared by whoever came meanwhile, and a
lone request waits for nobody.

A group is written again, once, on a fresh connection when the connection fails, even when it failed in the commit and
nobody knows whether it happened: every row has its key before it is written, so a second time changes nothing.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from tallyward import clock
from tallyward.errors import Busy, Internal, LedgerUnavailable, QueueFull, TallyError
from tallyward.fault_points import reached
from tallyward.ledger.database import Connection, Database, unavailable
from tallyward.ledger.rows import Stored, identity, store

QUEUE_ROWS_MAX = 50_000  # about 25 MB; beyond it a sender is told to come back, so memory stays flat under any load
ANNOUNCE_SECONDS = 0.1  # between two notices to the pages, which follow within two seconds
GROUP_ROWS_MAX = 2_000  # about 80 ms of writing, so that no small request waits long behind a large one
FAILURE_SECONDS = 30.0  # how long a failure is news; then the next write finds out, which needs somebody to send one
_ATTEMPTS = 2

_log = logging.getLogger(__name__)


@dataclass
class _Request:
    """Rows of one caller, and where it waits for their ids."""

    tenant: str
    rows: Sequence[Stored]
    answer: asyncio.Future[list[int]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Writer:
    """Stores rows durably. `start()` it once, `await store(...)` from any task, `stop()` it after the last."""

    def __init__(self, database: Database, *, queue_rows_max: int = QUEUE_ROWS_MAX) -> None:
        self._database = database
        self._queue_rows_max = queue_rows_max
        self._waiting: deque[_Request] = deque()
        self._waiting_rows = 0
        self._writing: list[_Request] = []
        self._stopping = False
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._changed: set[str] = set()
        self._announce_soon = asyncio.Event()
        self._announcer: asyncio.Task[None] | None = None
        self._connection: Connection | None = None
        self._failure: tuple[float, Busy] | None = None

    @property
    def last_error(self) -> Busy | None:
        """What the database failed with a moment ago; None when the last commit went well or was long ago."""
        if self._failure is None or clock.elapsed_seconds() - self._failure[0] > FAILURE_SECONDS:
            return None
        return self._failure[1]

    async def start(self) -> None:
        self._connection = await self._database.connect()
        self._task = asyncio.create_task(self._run(), name="ledger-writer")
        self._announcer = asyncio.create_task(self._announce(), name="ledger-announcer")

    async def stop(self) -> None:
        """Writes what waits, then ends. Whatever comes later is refused."""
        self._stopping = True
        if self._task:
            unanswered = [request.answer for request in (*self._writing, *self._waiting) if not request.answer.done()]
            if unanswered:
                await asyncio.wait(unanswered)
        tasks = [task for task in (self._task, self._announcer) if task]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._task = self._announcer = None
        if self._changed:
            with suppress(Busy):  # pages of other servers; if the database is gone they hear of it by themselves
                await self._database.announce(self._changed)
        await self._drop_connection()

    async def store(self, tenant: str, rows: Sequence[Stored]) -> list[int]:
        """The ids of `rows`, in their order, after the commit that holds them; a known fire gives its first id.

        Raises QueueFull when too much waits, LedgerUnavailable or DiskFull when the database fails; then nothing is
        promised of these rows, and sending them again is right.
        """
        if self._task is None or self._stopping:
            raise LedgerUnavailable("The server is stopping.")
        if self._waiting_rows + len(rows) > self._queue_rows_max:
            raise QueueFull(f"{self._waiting_rows} rows are waiting; at most {self._queue_rows_max} may.")
        request = _Request(tenant, rows)
        self._waiting.append(request)
        self._waiting_rows += len(rows)
        self._arrived.set()
        return await request.answer

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            self._writing = self._take_group()
            try:
                await self._write(self._writing)
            except TallyError as error:
                _refuse(self._writing, error)
            except Exception as error:  # noqa: BLE001  # a mistake of ours must not end the only writer: told and logged
                _log.error("the writer failed with %s", type(error).__name__)
                await self._drop_connection()
                _refuse(self._writing, Internal("The server could not write these rows."))
            finally:
                _refuse(self._writing, LedgerUnavailable())  # only what no branch above has answered

    def _take_group(self) -> list[_Request]:
        group = [self._waiting.popleft()]
        rows = len(group[0].rows)
        while self._waiting and rows + len(self._waiting[0].rows) <= GROUP_ROWS_MAX:
            group.append(self._waiting.popleft())
            rows += len(group[-1].rows)
        self._waiting_rows -= rows
        if not self._waiting:
            self._arrived.clear()
        return group

    async def _write(self, group: list[_Request]) -> None:
        try:
            ids = await self._commit_with_retry(group)
        except psycopg.Error as error:
            # A row the database refuses must not take its neighbours down with it: write each request alone.
            if len(group) == 1:
                # What the database says may repeat what the row holds, so only the kind of its refusal is logged.
                _log.error("the database refused a row: %s %s", error.sqlstate, error.diag.constraint_name or "")
                raise Internal(f"The database refused a row ({error.sqlstate}).") from error
            for request in group:
                await self._write_alone(request)
            return
        for request, answer in zip(group, ids, strict=True):
            if not request.answer.done():
                request.answer.set_result(answer)

    async def _write_alone(self, request: _Request) -> None:
        try:
            await self._write([request])
        except TallyError as error:
            _refuse([request], error)

    async def _commit_with_retry(self, group: list[_Request]) -> list[list[int]]:
        failure: Busy = LedgerUnavailable()
        for _ in range(_ATTEMPTS):
            try:
                ids = await self._commit(group)
            except psycopg.OperationalError as error:
                if _refuses_the_row(error):
                    raise
                await self._drop_connection()
                failure = unavailable(error)
                if not _worth_a_second_try(error):
                    break
            except Busy as error:  # no connection was to be had
                failure = error
            else:
                self._failure = None
                return ids
        self._failure = (clock.elapsed_seconds(), failure)
        raise failure

    async def _commit(self, group: list[_Request]) -> list[list[int]]:
        if self._connection is None:
            self._connection = await self._database.connect()
        by_tenant: dict[str, list[Stored]] = {}
        for request in group:
            by_tenant.setdefault(request.tenant, []).extend(request.rows)
        ids: dict[str, dict[tuple[type, str], int]] = {}
        async with _transaction(self._connection) as speak_for:
            for tenant in sorted(by_tenant):  # as the keys within: two servers lock in one order, never in a ring
                await speak_for(tenant)
                ids[tenant] = await store(self._connection, by_tenant[tenant])
            reached("ledger.before_commit")
        reached("ledger.after_commit")
        self._changed.update(by_tenant)
        self._announce_soon.set()
        return [[ids[request.tenant][identity(row)] for row in request.rows] for request in group]

    async def _announce(self) -> None:
        """Tells every server which tenants changed, off the path of the commits, at most ten times a second."""
        while True:
            await self._announce_soon.wait()
            self._announce_soon.clear()
            changed, self._changed = self._changed, set()
            try:
                await self._database.announce(changed)
            except Busy:
                self._changed |= changed  # told with the next commit; the pages ask again when the database is back
            await asyncio.sleep(ANNOUNCE_SECONDS)

    async def _drop_connection(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


@asynccontextmanager
async def _transaction(connection: Connection) -> AsyncGenerator[Callable[[str], Awaitable[None]]]:
    """A transaction in as few round trips as there can be: BEGIN travels with the first tenant that is said."""
    begun = False

    async def speak_for(tenant: str) -> None:
        nonlocal begun
        # Several statements in one message cannot be prepared, and need not be: they are a constant and a checked name.
        say = sql.SQL("SELECT set_config('tally.tenant', {}, true)").format(tenant)
        await connection.execute(say if begun else sql.SQL("BEGIN; ") + say, prepare=False)
        begun = True

    try:
        yield speak_for
    except BaseException:
        if not connection.closed:
            await connection.rollback()
        raise
    await connection.commit()


def _refuse(group: list[_Request], error: TallyError) -> None:
    for request in group:
        if not request.answer.done():
            request.answer.set_exception(error)


def _worth_a_second_try(error: psycopg.OperationalError) -> bool:
    """No SQLSTATE, 57P (shutdown) or 08 (connection): no server was there to refuse it. 40: it lost a deadlock."""
    return error.sqlstate is None or error.sqlstate.startswith(("57P", "08", "40"))


def _refuses_the_row(error: psycopg.OperationalError) -> bool:
    """54: a value is larger than the database can take. It is no failure of the database, and no second try helps."""
    return error.sqlstate is not None and error.sqlstate.startswith("54")
