"""`tally sync`: reads pull requests of the forges, for the time before the webhooks and for those that never came."""

import asyncio
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tallyward import clock, config
from tallyward.config import Settings
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.errors import ConfigInvalid
from tallyward.ledger.database import Database
from tallyward.ops.import_commands import Ticker
from tallyward.ops.opened import AsJson, DatabaseUrl, DataDir, TenantName, opened_ledger
from tallyward.redact import Secret
from tallyward.services.forges import Forges
from tallyward.services.sync import Sync, Synced
from tallyward.services.tenants import Tenants

NOT_WHOLE = 1
_AGO = re.compile(r"(\d{1,5})([dw])", re.ASCII)
_UNITS = {"d": "days", "w": "weeks"}


def sync(
    repo: Annotated[list[str] | None, typer.Option(help="Only this repository, owner/name; may be repeated.")] = None,
    since: Annotated[
        str | None, typer.Option(help="From then on: 90d, 12w or a date [90d, later the last sync].")
    ] = None,
    tenant: TenantName = DEFAULT_TENANT,
    tenants: Annotated[Path | None, typer.Option(help="Folder of <tenant>/tenant.toml [$TALLY_TENANTS].")] = None,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Read pull requests from the forges of a tenant. Exit 1 where not all could be read; run it again to go on."""
    settings = config.load(data=data, database=database, tenants=tenants)
    begin = begin_of(since, clock.now())
    with opened_ledger(settings) as url:
        found = asyncio.run(_synced(url, settings, tenant, repo or [], begin, Ticker(silent=as_json)))
    if as_json:
        told = {**msgspec.to_builtins(found), "whole": found.whole, "again_at": msgspec.to_builtins(found.again_at)}
        typer.echo(msgspec.json.encode(told).decode())
    else:
        _tell(found)
    sys.exit(0 if found.whole else NOT_WHOLE)


def begin_of(text: str | None, now: datetime) -> datetime | None:
    """The moment that `90d`, `12w` or a date names. Raises ConfigInvalid for anything else, and for the future."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        moment = now + timedelta(days=1)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment > now:
        raise ConfigInvalid(f"{text!r} is no time that has been; write 90d, 12w or 2026-05-17.", field="--since")
    return moment


async def _synced(  # where, what, and whom to tell
    url: Secret, settings: Settings, tenant: str, repos: list[str], since: datetime | None, ticker: Ticker
) -> Synced:
    ledger = Database(url)
    await ledger.open()
    known = Tenants(ledger, settings.tenants_dir)
    forges = Forges(known)
    try:
        await known.ensure(tenant)
        return await Sync(ledger, known, forges).run(tenant, repos=repos, since=since, progress=ticker)
    finally:
        await forges.close()
        await ledger.close()


def _tell(found: Synced) -> None:
    for one in found.repos:
        state = "" if one.problem is None else f"; not all of it: {one.problem}"
        counts = f"{one.read:,} read, {one.added:,} new, {one.changed:,} changed"
        typer.echo(f"{one.repo} since {one.since:%Y-%m-%d %H:%M}: {counts}{state}")
    if any(one.problem for one in found.repos):
        typer.echo("`tally forge check` says what is to be mended.")
    if found.again_at is not None:
        left = ", ".join(found.left)
        typer.echo(f"The forge answers again at {found.again_at:%H:%M} UTC; run it again then. Left: {left}.")
