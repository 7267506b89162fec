"""Asks for a look at pull requests that a forge says have changed, in the transaction that takes the word in."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from tallyward import clock
from tallyward.domain.tenant import TenantConfig
from tallyward.ledger.database import Connection, fetch_all
from tallyward.ledger.job_queue import Job, defer_all
from tallyward.webhooks._base import Told

DELAY = timedelta(seconds=10)  # a push brings a dozen deliveries; one look sees what all of them tell of
DUTY = "look_again"


async def ask_for_looks(connection: Connection, tenant: str, config: TenantConfig, told: Sequence[Told]) -> None:
    """Has the shepherd look at whatever these deliveries are about, in the repositories that the tenant names."""
    repos = {repo for forge in config.forges for repo in forge.repos}
    about = [
        {"repo": one.repo, "number": one.number, "sha": one.sha}
        for one in told
        if one.repo in repos and (one.number is not None or one.sha is not None)
    ]
    if not about:
        return
    rows = await fetch_all(connection, "find_told_pull_requests", {"told": msgspec.json.encode(about).decode()})
    since = int(clock.epoch_seconds())
    ids = [{"pull_request": row["id"], "since": since} for row in rows]
    jobs = [Job(duty=DUTY, tenant=tenant, ids=each, lock=str(each["pull_request"]), delay=DELAY) for each in ids]
    await defer_all(connection, jobs)
