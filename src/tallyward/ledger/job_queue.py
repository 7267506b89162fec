"""Puts work into the durable queue within the caller's transaction: what was stored and what follows from it commit
together, or neither does.

A job holds a tenant and numbers, never anything of what was sent: whatever else a duty needs it reads from the ledger.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec
from msgspec import Struct

from tallyward.ledger.database import Connection, fetch_all

NO_DELAY = timedelta()


class Job(Struct, frozen=True, kw_only=True):
    """One piece of work. Jobs with one `lock` are done one after the other, as they were deferred."""

    duty: str
    tenant: str
    ids: Mapping[str, int]
    lock: str | None = None
    delay: timedelta = NO_DELAY


async def defer(  # noqa: PLR0913  # one parameter per part of a job
    connection: Connection,
    duty: str,
    tenant: str,
    ids: Mapping[str, int],
    *,
    lock: str | None = None,
    delay: timedelta = NO_DELAY,
) -> None:
    """Has a duty done with these numbers once this transaction has committed, and not before `delay` is over."""
    await defer_all(connection, [Job(duty=duty, tenant=tenant, ids=ids, lock=lock, delay=delay)])


async def defer_all(connection: Connection, jobs: Sequence[Job]) -> None:
    """The same of many jobs at once."""
    if jobs:
        told = [
            {
                "duty": job.duty,
                "lock": None if job.lock is None else lock_name(job.duty, job.tenant, job.lock),
                "args": {"tenant": job.tenant, **job.ids},
                "delay": job.delay.total_seconds(),
            }
            for job in jobs
        ]
        await fetch_all(connection, "defer_jobs", {"jobs": msgspec.json.encode(told).decode()})


async def defer_once(connection: Connection, duty: str, tenant: str) -> None:
    """Has a periodic duty done for a tenant, unless it waits to be done already."""
    lock = lock_name(duty, tenant, "")
    args = msgspec.json.encode({"tenant": tenant}).decode()
    await fetch_all(connection, "defer_periodic_job", {"duty": duty, "lock": lock, "args": args})


def lock_name(duty: str, tenant: str, lock: str) -> str:
    """A lock as the queue knows it: a digest, since what a lock is about may be nobody's business there."""
    return f"{duty}/{tenant}/{hashlib.sha256(lock.encode()).hexdigest()[:32]}"
