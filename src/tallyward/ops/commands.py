"""The server's commands, there when it is installed: `tally serve`, `tally db`, `tally token` and others."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from tallyward import clock, config
from tallyward.config import Settings
from tallyward.domain.access import Token
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.errors import DatabaseUnreachable, NotListed
from tallyward.ledger import embedded
from tallyward.ledger.database import APP_ROLE, Database
from tallyward.ops.export_commands import export
from tallyward.ops.forge_commands import commands as forge
from tallyward.ops.import_commands import commands as imports
from tallyward.ops.opened import AsJson, DatabaseUrl, DataDir, Result, TenantName, act_for, expiry, opened_ledger
from tallyward.ops.policy_commands import commands as policy
from tallyward.ops.replay_commands import replay
from tallyward.ops.rollup_commands import commands as rollup
from tallyward.ops.shepherd_commands import commands as shepherd
from tallyward.ops.sync_commands import sync
from tallyward.ops.webhook_commands import commands as webhook
from tallyward.redact import Secret
from tallyward.services.tenants import Tenants
from tallyward.services.tokens import Tokens

token = typer.Typer(no_args_is_help=True, help="Make, list and revoke bearer tokens.")
db = typer.Typer(no_args_is_help=True, help="Reach and check the ledger's database.")


def commands(app: typer.Typer) -> None:
    """Registers the server's commands."""
    app.command()(serve)
    app.command()(reprice)
    app.command()(replay)
    app.command()(sync)
    app.add_typer(token, name="token")
    app.add_typer(db, name="db")
    app.add_typer(export, name="export")
    app.add_typer(rollup, name="rollup")
    policy(app)
    app.add_typer(imports, name="import")
    app.add_typer(forge, name="forge")
    app.add_typer(webhook, name="webhook")
    app.add_typer(shepherd, name="shepherd")


def serve(
    data: DataDir = None,
    database: DatabaseUrl = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on [127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on [8787]; 0 takes any.")] = None,
    tenants: Annotated[Path | None, typer.Option(help="Folder of <tenant>/tenant.toml [$TALLY_TENANTS].")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Add a labelled sample tenant and a first token.")] = False,
) -> None:
    """Serve the ledger, its API and its pages, on an embedded PostgreSQL unless --database names another."""
    from tallyward.ops.serve import serve as run

    run(config.load(data=data, database=database, host=host, port=port, tenants=tenants, sample=sample))


def _with_tokens(
    settings: Settings, tenant: str, act: Callable[[Tokens], Awaitable[Result]], *, may_add: bool = False
) -> Result:
    """What `act` does with the tokens of a tenant; see `act_for`."""
    return act_for(settings, tenant, lambda database: act(Tokens(database)), may_add=may_add)


@token.command("create")
def token_create(
    name: Annotated[str, typer.Option(help="For you to know it by: a laptop, a pod, a person.")],
    scope: Annotated[str, typer.Option(help="Comma-separated: capture, read, dispatch, approve, admin.")],
    engineer: Annotated[str | None, typer.Option(help="GitHub handle; the token then sees this person's rows.")] = None,
    tenant: TenantName = DEFAULT_TENANT,
    expires: Annotated[str | None, typer.Option(help="Lifetime such as 12h, 90d or 4w; without it, no end.")] = None,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make a token. It is shown now and never again."""
    settings = config.load(data=data, database=database)
    scopes = [part.strip() for part in scope.split(",") if part.strip()]
    expires_at = expiry(expires, clock.now())
    secret, made = _with_tokens(
        settings,
        tenant,
        lambda tokens: tokens.create(
            tenant, name=name, scopes=scopes, engineer_id=engineer, expires_at=expires_at, actor="tally token create"
        ),
        may_add=True,
    )
    if as_json:
        typer.echo(json.dumps({"token": secret.reveal(), **msgspec.to_builtins(made)}))
    else:
        typer.echo(secret.reveal())
        typer.echo("Shown once: keep it now.", err=True)


@token.command("list")
def token_list(
    tenant: TenantName = DEFAULT_TENANT, data: DataDir = None, database: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """List the tokens of a tenant; never the tokens themselves."""
    found = _with_tokens(config.load(data=data, database=database), tenant, lambda tokens: tokens.listing(tenant))
    if as_json:
        typer.echo(json.dumps({"tokens": msgspec.to_builtins(found)}))
        return
    table = Table("id", "name", "scopes", "engineer", "created", "last used", "state", box=None, header_style="bold")
    for item in found:
        table.add_row(*_cells(item, clock.now()))
    Console().print(table)


def _cells(item: Token, now: datetime) -> list[str]:
    ended = item.expires_at is not None and item.expires_at <= now
    state = "revoked" if item.revoked_at else "expired" if ended else "active"
    used = f"{item.last_used_at:%Y-%m-%d %H:%M}" if item.last_used_at else "never"
    made = f"{item.created_at:%Y-%m-%d}"
    return [str(item.id), item.name, ",".join(item.scopes), item.engineer_id or "", made, used, state]


@token.command("revoke")
def token_revoke(
    which: Annotated[str, typer.Argument(help="Number or name of the token, as `tally token list` shows it.")],
    tenant: TenantName = DEFAULT_TENANT,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """End a token, on every server within five seconds."""
    number = int(which) if which.isascii() and which.isdigit() else None
    ended = _with_tokens(
        config.load(data=data, database=database),
        tenant,
        lambda tokens: tokens.revoke(tenant, number=number, name=None if number else which, actor="tally token revoke"),
    )
    if as_json:
        typer.echo(json.dumps({"revoked": msgspec.to_builtins(ended)}))
    else:
        typer.echo(f"Revoked {', '.join(f'{item.name} ({item.id})' for item in ended)}.")


def reprice(
    tenant: TenantName = DEFAULT_TENANT, data: DataDir = None, database: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Reckon again what every request cost, by the prices of this release. A running server goes on."""
    from tallyward.prices.price import price
    from tallyward.services import repricing

    async def run(url: Secret) -> repricing.Repriced:
        ledger = Database(url)
        await ledger.open()
        try:
            if tenant != DEFAULT_TENANT and not await Tenants(ledger, None).exists(tenant):
                raise NotListed(f"There is no tenant {tenant!r}.")
            return await repricing.reprice(ledger, tenant, price)
        finally:
            await ledger.close()

    with opened_ledger(config.load(data=data, database=database)) as url:
        found = asyncio.run(run(url))
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(found)))
        return
    before, after = (f"${micros / 1_000_000:,.2f}" for micros in (found.cost_micros_before, found.cost_micros_after))
    typer.echo(
        f"{found.rows} requests: {found.changed} changed, {found.unchanged} unchanged, {found.unpriced} unpriced."
    )
    typer.echo(f"They cost {after} now and {before} before.")


@db.command("url")
def db_url(tenant: TenantName = DEFAULT_TENANT, data: DataDir = None, database: DatabaseUrl = None) -> None:
    """Print a URL that psql takes, limited to one tenant's rows. The server must be running."""
    settings = config.load(data=data, database=database)
    if settings.database is not None:
        url = settings.database.reveal()
        # Whoever the URL logs in as may pass by row-level security; the role that the server acts as may not.
        options = quote(f"-c role={APP_ROLE} -c tally.tenant={tenant}", safe="")
        typer.echo(f"{url}{'&' if '?' in url else '?'}options={options}")
        return
    cluster = embedded.running(settings.data_dir)
    if cluster is None:
        raise DatabaseUnreachable(f"No server runs on {settings.data_dir}; start it with `tally serve --data` first.")
    typer.echo(cluster.url(tenant=tenant))


@db.command("verify")
def db_verify(
    tenant: TenantName = DEFAULT_TENANT, data: DataDir = None, database: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Check the hash chain of the audit trail; exit 1 and name the first broken event."""

    async def check(url: Secret) -> int | None:
        ledger = Database(url)
        await ledger.open()
        try:
            broken = await ledger.query(tenant, "verify_outbox")
        finally:
            await ledger.close()
        return broken[0]["seq"] if broken else None

    with opened_ledger(config.load(data=data, database=database)) as url:
        seq = asyncio.run(check(url))
    if as_json:
        typer.echo(json.dumps({"tenant": tenant, "ok": seq is None, "first_broken_seq": seq}))
    else:
        typer.echo("The audit trail is whole." if seq is None else f"The audit trail is broken at event {seq}.")
    sys.exit(0 if seq is None else 1)
