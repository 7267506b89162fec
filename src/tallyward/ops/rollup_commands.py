"""`tally rollup`: how far the sums reach, and whether they are what the rows say."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer

from tallyward import config
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.errors import ConfigInvalid, LedgerUnavailable, NotListed
from tallyward.ledger import rollup, rollup_check
from tallyward.ledger.database import Connection, Database
from tallyward.ops.opened import AsJson, DatabaseUrl, DataDir, TenantName, opened_ledger
from tallyward.redact import Secret
from tallyward.services.rolling import catch_up

Result = TypeVar("Result")
SHOWN_MAX = 50  # differing buckets that are named on a terminal; --json names all

commands = typer.Typer(no_args_is_help=True, help="Look at the sums that are kept, check them, make them anew.")


def _alone(settings: config.Settings, act: Callable[[Connection], Awaitable[Result]]) -> Result:
    """What `act` finds while nobody else keeps the sums."""

    async def run(url: Secret) -> Result:
        database = Database(url)
        await database.open()
        try:
            async with rollup.summing(database, wait=True) as connection:
                if connection is None:  # it waited, so this is not so
                    raise LedgerUnavailable
                return await act(connection)
        finally:
            await database.close()

    with opened_ledger(settings) as url:
        return asyncio.run(run(url))


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigInvalid(
            f"{text!r} is no moment; write 2026-05-17 or 2026-05-17T10:00Z.", field="--since"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@commands.command()
def rebuild(
    since: Annotated[str | None, typer.Option(help="Only hours from here on, such as 2026-05-17.")] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Compare only; exit 1 where something differs.")] = False,
    tenant: TenantName = DEFAULT_TENANT,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Sum every row anew and compare with the sums that are kept, byte by byte. A running server goes on."""
    settings = config.load(data=data, database=database)
    begins = _since(since)

    async def act(ledger: Connection) -> rollup_check.Compared:
        if not verify:
            await catch_up(ledger, tenant)
        return await rollup_check.rebuild(ledger, tenant, begins, keep=not verify)

    found = _alone(settings, act)
    _tell(tenant, found, verify=verify, as_json=as_json)
    sys.exit(1 if verify and found.different else 0)


def _tell(tenant: str, found: rollup_check.Compared, *, verify: bool, as_json: bool) -> None:
    different = [
        {"sums": table, "hours": hours, "bucket": bucket.astimezone(UTC).isoformat()}
        for table, hours, bucket in found.different
    ]
    if as_json:
        told = {"tenant": tenant, "verify": verify, "buckets": found.buckets, "different": different}
        typer.echo(json.dumps(told))
        return
    typer.echo(
        f"{found.buckets} buckets compared, {len(different)} {'differ' if verify else 'differed and were put right'}."
    )
    for one in different[:SHOWN_MAX]:
        typer.echo(f"  {one['sums']} {one['bucket']} ({one['hours']} h)")
    if len(different) > SHOWN_MAX:
        typer.echo(f"  and {len(different) - SHOWN_MAX} more; --json names them all")


@commands.command()
def status(
    tenant: TenantName = DEFAULT_TENANT, data: DataDir = None, database: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Say how far the sums reach and how many hours are out of date."""

    async def ask(url: Secret) -> dict[str, Any]:
        ledger = Database(url)
        await ledger.open()
        try:
            rows = await ledger.query(tenant, "rollup_reach")
        finally:
            await ledger.close()
        if not rows:
            raise NotListed(f"There is no tenant {tenant!r}.")
        return rows[0]

    with opened_ledger(config.load(data=data, database=database)) as url:
        row = asyncio.run(ask(url))
    told = {
        "tenant": tenant,
        "sealed_until": row["sealed_until"].astimezone(UTC).isoformat(),
        "raw_from": row["raw_from"].astimezone(UTC).isoformat(),
        "marked_hours": row["marked_hours"],
    }
    if as_json:
        typer.echo(json.dumps(told))
        return
    typer.echo(f"Summed up to {told['sealed_until']}; {row['marked_hours']} hours wait to be summed anew.")
    typer.echo(f"Rows are kept from {told['raw_from']} on.")
