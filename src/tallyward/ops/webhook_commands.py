"""`tally webhook secret`: the secrets that forges sign deliveries with, each shown when it is made and never again."""

import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from tallyward import clock, config
from tallyward.config import Settings
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.ops.opened import AsJson, DatabaseUrl, DataDir, Expires, Result, TenantName, act_for, expiry
from tallyward.redact import Secret
from tallyward.services.sealing import Seals
from tallyward.services.webhook_secrets import WebhookSecret, WebhookSecrets

commands = typer.Typer(no_args_is_help=True, help="Keep the secrets that forges sign deliveries with.")
secret = typer.Typer(no_args_is_help=True, help="Add, list and revoke secrets; several may live at once.")
commands.add_typer(secret, name="secret")


def _with_secrets(
    settings: Settings, tenant: str, act: Callable[[WebhookSecrets], Awaitable[Result]], *, may_add: bool = False
) -> Result:
    """What `act` does with the secrets of a tenant; see `act_for`."""
    return act_for(settings, tenant, lambda database: act(WebhookSecrets(database, Seals(settings))), may_add=may_add)


@secret.command("add")
def add(
    name: Annotated[str, typer.Option(help="For you to know it by: which forge, which hook.")] = "webhook",
    from_stdin: Annotated[bool, typer.Option("--from-stdin", help="Read the secret instead of making one.")] = False,
    expires: Expires = None,
    tenant: TenantName = DEFAULT_TENANT,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Add a secret. It is shown now and never again; give it to the forge."""
    given = Secret(sys.stdin.readline().rstrip("\r\n")) if from_stdin else None
    expires_at = expiry(expires, clock.now())
    actor = "tally webhook secret add"
    made, listed = _with_secrets(
        config.load(data=data, database=database),
        tenant,
        lambda secrets: secrets.add(tenant, name=name, secret=given, expires_at=expires_at, actor=actor),
        may_add=True,
    )
    path = f"/tenants/{tenant}/webhook"
    shown = {} if from_stdin else {"secret": made.reveal()}
    if as_json:
        typer.echo(json.dumps({**msgspec.to_builtins(listed), "tenant": tenant, "path": path, **shown}))
        return
    if shown:
        typer.echo(shown["secret"])
    typer.echo(f"Secret {listed.id} signs deliveries to {path}.", err=bool(shown))


@secret.command("list")
def listing(
    tenant: TenantName = DEFAULT_TENANT, data: DataDir = None, database: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """List the secrets of a tenant; never the secrets themselves."""
    found = _with_secrets(config.load(data=data, database=database), tenant, lambda secrets: secrets.listing(tenant))
    if as_json:
        typer.echo(json.dumps({"secrets": msgspec.to_builtins(found)}))
        return
    table = Table("id", "name", "created", "expires", "state", box=None, header_style="bold")
    for item in found:
        table.add_row(*_cells(item))
    Console().print(table)


def _cells(item: WebhookSecret) -> list[str]:
    ended = item.expires_at is not None and item.expires_at <= clock.now()
    state = "revoked" if item.revoked_at else "expired" if ended else "active"
    expires = f"{item.expires_at:%Y-%m-%d %H:%M}" if item.expires_at else "never"
    return [str(item.id), item.name, f"{item.created_at:%Y-%m-%d}", expires, state]


@secret.command("revoke")
def revoke(
    number: Annotated[int, typer.Argument(help="Number of the secret, as `tally webhook secret list` shows it.")],
    tenant: TenantName = DEFAULT_TENANT,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """End a secret, on every server within five seconds."""
    ended = _with_secrets(
        config.load(data=data, database=database),
        tenant,
        lambda secrets: secrets.revoke(tenant, number, "tally webhook secret revoke"),
    )
    if as_json:
        typer.echo(json.dumps({"revoked": msgspec.to_builtins(ended)}))
    else:
        typer.echo(f"Revoked {ended.name} ({ended.id}).")
