"""Does the durable work of a ledger in the background of a server: what was deferred, and what is due every so often.

Any number of servers may share a ledger; each job is done by one of them. A server that stops gives back what it has
not finished. One that dies is noticed by its heartbeat, and its jobs go to the others some seconds after it.

A job is known to the logs by its duty, its tenant and its number. What an error says may repeat what the ledger holds,
so of a failure only its kind is told.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import procrastinate
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition, Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from psycopg import sql
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from tallyward.errors import Busy
from tallyward.ledger.background import hang_up
from tallyward.ledger.database import (
    APP_ROLE,
    CONNECT_TIMEOUT_SECONDS,
    POOL_CLOSE_SECONDS,
    POOL_WAIT_SECONDS,
    Connection,
)
from tallyward.ledger.job_queue import defer_once
from tallyward.ledger.job_queue_schema import SCHEMA
from tallyward.plugins import found
from tallyward.services import duties
from tallyward.services.duties._base import Duty, Means

AT_ONCE = 8  # jobs of one server; they wait for the ledger and for forges, so it is not the processor that counts
POOL_SIZE_MAX = 4  # connections of the queue itself, which no job holds while it works
HEARTBEAT_SECONDS = 3.0
STALLED_SECONDS = 15.0  # without a heartbeat a server is taken for dead
RESCUE_SECONDS = 5.0  # between two looks for jobs of the dead
LOOK_SECONDS = 1.0  # between two looks for work: of a job that is tried again, or whose lock is free, comes no notice
STOP_SECONDS = 0.5  # for jobs under way when the server stops; then they are given back
AGAIN_SECONDS = 1.0  # until the queue is tried again when the database failed it
RETRY_SECONDS_MAX = 300
_TICK = ":due"  # after the name of a duty: its time has come

_log = logging.getLogger(__name__)


class _NotDone(Exception):
    """A job was not done. Says nothing more, since the queue writes down what it is told."""


class _Retry(BaseRetryStrategy):
    """Jobs that a stopping server interrupts are there for the next at once; others wait longer each time."""

    def __init__(self, tries: int) -> None:
        self._tries = tries

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision(retry_in={"seconds": 0})
        if job.attempts + 1 >= self._tries:
            return None
        return RetryDecision(retry_in={"seconds": min(2**job.attempts, RETRY_SECONDS_MAX)})


def all_duties(means: Means) -> dict[str, Duty]:
    """Every duty there is, by name."""
    return {name: cast("Callable[[Means], Duty]", kind)(means) for name, kind in found(duties, Duty).items()}


class Durable:
    """`start()` it with the server and `stop()` it before the database."""

    def __init__(self, means: Means, known: Mapping[str, Duty]) -> None:
        self._means = means
        self._duties = dict(known)
        self._tasks: list[asyncio.Task[None]] = []
        self._jobs: set[asyncio.Task[Any]] = set()

    def start(self) -> None:
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # we tell what is worth telling, and no values
        self._tasks = [asyncio.create_task(self._serve(), name="durable")] if self._duties else []

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2 * STOP_SECONDS)
        await hang_up({*tasks, *self._jobs})

    async def _serve(self) -> None:
        """Works, and begins again whenever the database was gone."""
        pool = AsyncConnectionPool(
            self._means.database.url.reveal(),
            min_size=1,
            max_size=POOL_SIZE_MAX,
            timeout=POOL_WAIT_SECONDS,
            open=False,
            configure=_look_into_the_queue,
            check=AsyncConnectionPool.check_connection,
            kwargs={"row_factory": dict_row, "connect_timeout": CONNECT_TIMEOUT_SECONDS},
        )
        try:
            await pool.open()
            while True:
                try:
                    await self._work(pool)
                    _log.warning("durable work waits: the queue lost its connection")
                except Exception as error:  # noqa: BLE001  # whatever ended it, work goes on: logged by its kind
                    _log.warning("durable work waits: the queue failed with %s", type(error).__name__)
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            await pool.close(timeout=POOL_CLOSE_SECONDS)

    async def _work(self, pool: AsyncConnectionPool[Any]) -> None:
        """Does jobs until the database fails it or it is cancelled."""
        app = self._app()
        await app.open_async(pool)
        rescuing = asyncio.create_task(self._rescue(app), name="durable-rescue")
        try:
            await app.run_worker_async(
                queues=[queue for name in self._duties for queue in (name, name + _TICK)],
                concurrency=AT_ONCE,
                install_signal_handlers=False,
                delete_jobs=DeleteJobCondition.ALWAYS.value,  # a duty that gave up has said so in its own tables
                fetch_job_polling_interval=LOOK_SECONDS,
                shutdown_graceful_timeout=STOP_SECONDS,
                update_heartbeat_interval=HEARTBEAT_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
            )
        finally:
            rescuing.cancel()
            await asyncio.wait([rescuing])

    def _app(self) -> procrastinate.App:
        """The duties as the queue knows them. Each has a queue of its own, so that an older server passes by what a
        newer one has added.
        """
        app = procrastinate.App(connector=procrastinate.PsycopgConnector())
        for name, duty in self._duties.items():
            schedule = duty.schedule()
            tries = 1 if schedule else duty.tries
            app.task(name=name, queue=name, pass_context=True, retry=_Retry(tries))(self._step(name, duty, tries))
            if schedule:
                tick = app.task(name=name + _TICK, queue=name + _TICK, queueing_lock=name + _TICK)
                app.periodic(cron=schedule)(tick(self._tick(name)))
        return app

    def _step(self, name: str, duty: Duty, tries: int) -> Callable[..., Awaitable[None]]:
        async def step(context: procrastinate.JobContext, tenant: str, **ids: int) -> None:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101  # the queue runs each job as a task
            self._jobs.add(task)
            task.add_done_callback(self._jobs.discard)
            try:
                await duty.run(tenant, ids)
            except Exception as error:  # noqa: BLE001  # a duty may fail in any way: told, and tried again or given up
                last = context.job.attempts + 1 >= tries
                kind = getattr(error, "code", type(error).__name__)
                _log.warning("%s of %s failed with %s%s", name, tenant, kind, ", for good" if last else "")
                if last:
                    await duty.gave_up(tenant, kind, ids)
                raise _NotDone from None

        return step

    def _tick(self, name: str) -> Callable[..., Awaitable[None]]:
        async def tick(timestamp: int) -> None:  # noqa: ARG001  # the queue gives it, and it is ours alone
            await self.fall_due(name)

        return tick

    async def fall_due(self, name: str) -> None:
        """Has a periodic duty done for every tenant now."""
        for tenant in self._means.tenants.names():
            async with self._means.database.transaction(tenant) as connection:
                await defer_once(connection, name, tenant)

    async def _rescue(self, app: procrastinate.App) -> None:
        """Gives the jobs of the dead to the living."""
        while True:
            try:
                for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
                    _log.warning("%s of %s is taken over from a server that is gone", job.task_name, job.id)
                    await app.job_manager.retry_job(job)
            except (ConnectorException, Busy) as error:
                _log.info("jobs of the dead wait: %s", type(error).__name__)
            await asyncio.sleep(RESCUE_SECONDS)


async def _look_into_the_queue(connection: Connection) -> None:
    await connection.set_autocommit(True)
    await connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(APP_ROLE)))
    await connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(SCHEMA)))
