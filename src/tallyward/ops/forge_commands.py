"""`tally forge`: whether the forges of a tenant can be used as they are set up."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tallyward import config
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.errors import ConfigInvalid
from tallyward.ops.opened import AsJson, TenantName
from tallyward.services.forge_check import ForgeReport, RepoReport, check
from tallyward.services.forges import Forges
from tallyward.services.tenants import TenantFiles

commands = typer.Typer(no_args_is_help=True, help="Look at the forges that repositories are read from.")


@commands.callback()
def _group() -> None:  # with a single command typer would leave out its name
    """Look at the forges that repositories are read from."""


@commands.command(name="check")
def check_forges(
    tenant: TenantName = DEFAULT_TENANT,
    tenants: Annotated[Path | None, typer.Option(help="Folder of <tenant>/tenant.toml [$TALLY_TENANTS].")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask each forge whether its token works, how many questions are left, and which repositories it may read.

    Exit 1 where something is to be mended; one line says what, for each.
    """
    files = TenantFiles(config.load(tenants=tenants).tenants_dir)
    if not files.config(tenant).forges:
        raise ConfigInvalid(f"Tenant {tenant!r} has no [[forges]]; docs/how-to/forges.md shows one.", field="forges")
    reports = asyncio.run(_reports(files, tenant))
    if as_json:
        told = {"tenant": tenant, "ok": all(report.ok for report in reports), "forges": reports}
        typer.echo(msgspec.json.encode(told).decode())
    else:
        for report in reports:
            _tell(report)
    sys.exit(0 if all(report.ok for report in reports) else 1)


async def _reports(files: TenantFiles, tenant: str) -> list[ForgeReport]:
    forges = Forges(files)
    try:
        return await check(forges, tenant)
    finally:
        await forges.close()


def _tell(report: ForgeReport) -> None:
    typer.echo(f"{report.name}: {report.kind} at {report.address or '-'}, by {report.credential}")
    if report.scopes is not None:
        typer.echo(f"  scopes: {report.scopes or 'none'}")
    rate = report.rate
    if rate is not None and rate.limit is not None:
        until = f", reset at {rate.resets_at:%H:%M} UTC" if rate.resets_at else ""
        typer.echo(f"  questions left: {rate.remaining} of {rate.limit}{until}")
    for repo in report.repos:
        typer.echo(f"  {'ok  ' if repo.problem is None else 'MEND'} {repo.repo}: {_said(repo)}")
    for problem in report.problems:
        typer.echo(f"  MEND {problem}")


def _said(repo: RepoReport) -> str:
    if not repo.readable:
        return "cannot be read"
    may = {True: "may be written", False: "may only be read", None: "can be read"}[repo.may_write]
    return f"{may}; {'Tallyward may act there' if repo.acts else 'dry run'}"
