"""What the server's commands share: the options that say which ledger, and that ledger, opened."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from tallyward.config import Settings, default_data_dir
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.errors import ConfigInvalid, LedgerMissing, NotFound, NotListed
from tallyward.ledger import embedded
from tallyward.ledger.cluster_files import ClusterFiles
from tallyward.ledger.database import Database
from tallyward.ledger.migrate import migrate, require_current
from tallyward.redact import Secret
from tallyward.services.tenants import Tenants

Result = TypeVar("Result")
DataDir = Annotated[Path | None, typer.Option("--data", help="Data directory of the server [$TALLY_DATA].")]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database", help="postgresql:// URL of a PostgreSQL 15 or newer [$TALLY_DATABASE].")
]
TenantName = Annotated[str, typer.Option("--tenant", help="The tenant it is about.")]
Expires = Annotated[str | None, typer.Option(help="Lifetime such as 12h, 90d or 4w; without it, no end.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_LIFETIME = re.compile(r"(\d{1,5})([hdw])", re.ASCII)
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def expiry(text: str | None, now: datetime) -> datetime | None:
    """The moment `90d`, `12h` or `4w` from now; None for no limit. Raises ConfigInvalid for anything else."""
    if text is None:
        return None
    match = _LIFETIME.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise ConfigInvalid(f"{text!r} is no lifetime; write 12h, 90d or 4w.", field="--expires")
    return now + timedelta(**{_UNITS[match[2]]: int(match[1])})


@contextmanager
def opened_ledger(settings: Settings) -> Generator[Secret]:
    """The ledger of a running server, or one that is started for this command alone and stopped after it."""
    if settings.database is not None:
        require_current(settings.database)
        yield settings.database
        return
    cluster = embedded.running(settings.data_dir)
    if cluster is not None:
        url = Secret(cluster.url())
        require_current(url)
        yield url
        return
    _require_ledger(settings)
    cluster = embedded.start(settings.data_dir)
    try:
        url = Secret(cluster.url())
        migrate(url)
        yield url
    finally:
        cluster.stop()


def _require_ledger(settings: Settings) -> None:
    """A folder that nobody named is no place for a new ledger: what is done there would never reach the server."""
    if (
        settings.data_dir == default_data_dir(os.environ).absolute()
        and not ClusterFiles(settings.data_dir).is_initialised()
    ):
        raise LedgerMissing(f"There is no ledger in {settings.data_dir}, where `tally serve` keeps one.")


def act_for(
    settings: Settings, tenant: str, act: Callable[[Database], Awaitable[Result]], *, may_add: bool = False
) -> Result:
    """What `act` does for a tenant, which is added where that may be: to look never adds one. Raises NotListed."""

    async def run(url: Secret) -> Result:
        database = Database(url)
        await database.open()
        try:
            tenants = Tenants(database, None)
            if may_add or tenant == DEFAULT_TENANT:
                await tenants.ensure(tenant)
            elif not await tenants.exists(tenant):
                raise NotListed(f"There is no tenant {tenant!r}.")
            return await act(database)
        except NotFound as error:
            raise NotListed(error.message) from error
        finally:
            await database.close()

    with opened_ledger(settings) as url:
        return asyncio.run(run(url))
