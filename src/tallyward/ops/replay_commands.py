"""`tally replay`: makes what is derived from the outbox anew, or only tells where it differs."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tallyward import config
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.ledger.database import Database
from tallyward.ops.opened import AsJson, DatabaseUrl, DataDir, TenantName, opened_ledger
from tallyward.redact import Secret
from tallyward.services.rates import RateBook
from tallyward.services.replay import Replayed
from tallyward.services.replay import replay as replay_rows
from tallyward.services.tenants import Tenants

SHOWN_MAX = 50  # rows that are named on a terminal; --json names more


def replay(
    verify: Annotated[bool, typer.Option("--verify", help="Compare only; exit 1 where something differs.")] = False,
    tenant: TenantName = DEFAULT_TENANT,
    tenants: Annotated[Path | None, typer.Option(help="Folder of <tenant>/tenant.toml [$TALLY_TENANTS].")] = None,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make work items and the turns of the rates anew from the outbox. A running server goes on."""
    settings = config.load(data=data, database=database, tenants=tenants)

    async def act(url: Secret) -> tuple[Replayed, int, int]:
        ledger = Database(url)
        await ledger.open()
        try:
            found = await replay_rows(ledger, tenant, mend=not verify)
            book = RateBook(ledger, Tenants(ledger, settings.tenants_dir))
            return found, *await book.replay(tenant, append=not verify)
        finally:
            await ledger.close()

    with opened_ledger(settings) as url:
        found, missing, surplus = asyncio.run(act(url))
    _tell(found, missing, surplus, verify=verify, as_json=as_json)
    same = found.whole and not missing and not surplus
    sys.exit(0 if same or (not verify and found.whole) else 1)


def _tell(found: Replayed, missing: int, surplus: int, *, verify: bool, as_json: bool) -> None:
    if as_json:
        told = {**msgspec.to_builtins(found), "turns_missing": missing, "turns_surplus": surplus, "verify": verify}
        typer.echo(json.dumps(told))
        return
    typer.echo(f"{found.events} events read, {found.steps} of them steps of work items.")
    if found.broken_seq is not None:
        typer.echo(f"The chain is broken at event {found.broken_seq}.")
    for one in found.differences[:SHOWN_MAX]:
        typer.echo(f"  {one.table} {one.project} {one.story_id}: {', '.join(one.differs)}")
    typer.echo(f"{found.changed} rows were put right, {found.differing} differ.")
    typer.echo(f"{missing} turns of rates {'are missing' if verify else 'were added'}, {surplus} taken back.")
