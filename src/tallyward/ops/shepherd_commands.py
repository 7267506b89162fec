"""`tally shepherd`: what the shepherd of pull requests takes care of, why it would do what, and one look by hand."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer

from tallyward import config
from tallyward.domain.access import Principal
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.errors import ConfigInvalid
from tallyward.ledger.database import Database
from tallyward.ops.opened import AsJson, DatabaseUrl, DataDir, TenantName, opened_ledger
from tallyward.redact import Secret
from tallyward.services.asked import last_days
from tallyward.services.decisions import Cared, Decisions, ShepherdBoard
from tallyward.services.forges import Forges
from tallyward.services.shepherd import Shepherd
from tallyward.services.shepherd_hands import shepherd_of
from tallyward.services.shepherd_means import Explained, Pass
from tallyward.services.tenants import Tenants

Result = TypeVar("Result")
TenantsDir = Annotated[Path | None, typer.Option("--tenants", help="Folder of <tenant>/tenant.toml [$TALLY_TENANTS].")]

commands = typer.Typer(no_args_is_help=True, help="Take care of pull requests, one step at a time.")


def _with(settings: config.Settings, act: Callable[[Database, Tenants, Shepherd], Awaitable[Result]]) -> Result:
    """What `act` finds on the ledger and the forges of these settings."""

    async def run(url: Secret) -> Result:
        database = Database(url)
        tenants = Tenants(database, settings.tenants_dir)
        forges = Forges(tenants)
        await database.open()
        try:
            return await act(database, tenants, shepherd_of(database, tenants, forges))
        finally:
            await forges.close()
            await database.close()

    with opened_ledger(settings) as url:
        return asyncio.run(run(url))


@commands.command()
def status(
    tenant: TenantName = DEFAULT_TENANT,
    tenants: TenantsDir = None,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Say where each pull request stands by the last look, what is next and why. No forge is asked."""

    async def act(ledger: Database, known: Tenants, _shepherd: Shepherd) -> ShepherdBoard:
        reader = Principal(token_id=0, tenant=tenant, name="tally shepherd", scopes=frozenset({"read"}))
        return await Decisions(ledger, known).board(reader, last_days(30))

    board = _with(config.load(data=data, database=database, tenants=tenants), act)
    if as_json:
        typer.echo(msgspec.json.encode(board).decode())
        return
    for cared in board.pull_requests:
        _tell_cared(cared)
    count = len(board.pull_requests)
    typer.echo("1 pull request is taken care of." if count == 1 else f"{count:,} pull requests are taken care of.")


def _tell_cared(cared: Cared) -> None:
    dry = " (dry run)" if cared.dry_run else ""
    due = f", due {cared.deadline:%Y-%m-%d %H:%M} UTC" if cared.deadline else ""
    why = cared.escalation or cared.reason
    typer.echo(f"{cared.repo}#{cared.number}: {cared.stands}: {cared.action}{dry}, {why}{due}")


@commands.command()
def explain(
    pull_request: Annotated[str, typer.Argument(metavar="REPO#N", help="Such as acme/shop#41.")],
    tenant: TenantName = DEFAULT_TENANT,
    tenants: TenantsDir = None,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Ask the forge how a pull request stands, and show every guard in order with what it says. Nothing is done."""
    repo, number = _named(pull_request)

    async def act(_ledger: Database, _known: Tenants, shepherd: Shepherd) -> Explained:
        return await shepherd.explain(tenant, repo, number)

    found = _with(config.load(data=data, database=database, tenants=tenants), act)
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    for guard in found.guards:
        typer.echo(f"{'yes' if guard.holds else ' no'}  {guard.asks}  → {guard.action} ({guard.reason})")
    attempts = ", ".join(f"{cause} {count}" for cause, count in found.attempts.items())
    held = f", held by {found.held}" if found.held else ""
    typer.echo(f"Made by {found.agent or 'a person'}; trust {found.trust}{held}; attempts: {attempts}.")
    would = "does" if found.acts else "would do, as a dry run"
    typer.echo(f"{repo}#{number}: the next look {would}: {found.decision.action} ({found.decision.reason}).")


def _named(text: str) -> tuple[str, int]:
    repo, _, number = text.rpartition("#")
    if not repo or not (number.isascii() and number.isdecimal()):
        raise ConfigInvalid(f"{text[:100]!r} names no pull request; write acme/shop#41.", field="REPO#N")
    return repo, int(number)


@commands.command()
def run(
    once: Annotated[bool, typer.Option("--once", help="Look at everything once; a server does so by itself.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Act nowhere, whatever the settings say.")] = False,
    tenant: TenantName = DEFAULT_TENANT,
    tenants: TenantsDir = None,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Look at every pull request now, keep the decisions, and act where it may. Exit 1 where one could not be read."""
    if not once:
        raise ConfigInvalid("`tally serve` looks again every few minutes; `--once` looks now.", field="--once")
    settings = config.load(data=data, database=database, tenants=tenants)

    async def act(_ledger: Database, known: Tenants, shepherd: Shepherd) -> Pass:
        if not known.config(tenant).forges:
            raise ConfigInvalid(
                f"Tenant {tenant!r} has no [[forges]]; docs/how-to/forges.md shows one.", field="forges"
            )
        return await shepherd.once(tenant, dry_run=dry_run)

    found = _with(settings, act)
    _tell(found, as_json=as_json)
    sys.exit(1 if found.missed else 0)


def _tell(found: Pass, *, as_json: bool) -> None:
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    for looked in found.looked:
        done = "" if looked.acted is None else f": {looked.acted.code}"
        dry = " (dry run)" if looked.dry_run else ""
        typer.echo(f"{looked.repo}#{looked.number}: {looked.action}{dry}, {looked.reason}{done}")
    for missed in found.missed:
        about = missed.repo if missed.number is None else f"{missed.repo}#{missed.number}"
        typer.echo(f"{about}: could not be looked at: {missed.code}")
    typer.echo(f"{len(found.looked)} looked at.")
    if found.missed:
        typer.echo("`tally forge check` says what is to be mended.")
