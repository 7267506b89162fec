"""`tally import`: brings in what was there before anybody told the server: the history of a clone."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tallyward import clock, config
from tallyward.client import git_facts
from tallyward.config import Settings
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.ledger.database import Database
from tallyward.ops.opened import AsJson, DatabaseUrl, DataDir, TenantName, opened_ledger
from tallyward.redact import Secret
from tallyward.services.git_import import TRIALS_MAX, Asked, GitImport, Imported
from tallyward.services.rates import RateBook
from tallyward.services.tenants import Tenants

PROGRESS_SECONDS = 1.0
TRIALS_LIMIT = 100_000

commands = typer.Typer(no_args_is_help=True, help="Bring in what was there before: the history of a clone.")


@commands.callback()
def _group() -> None:
    """Keeps `git` a command of its own, though it is the only one."""


class Ticker:
    """One line a second on a terminal's standard error, and the last of each kind."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent
        self._said = clock.elapsed_seconds()

    def __call__(self, what: str, done: int, of: int | None) -> None:
        now = clock.elapsed_seconds()
        if not self._silent and (now - self._said >= PROGRESS_SECONDS or done == of):
            self._said = now
            typer.echo(f"{done:,}{'' if of is None else f' of {of:,}'} {what}", err=True)


@commands.command("git")
def import_git(
    path: Annotated[Path, typer.Argument(help="Folder of the clone.")],
    project: Annotated[str, typer.Option(help="Project that its merges become work items of.")],
    branch: Annotated[str | None, typer.Option(help="Its main branch [the one that is checked out].")] = None,
    repo: Annotated[str | None, typer.Option(help="Its name as owner/name [that of its remote, else PROJECT].")] = None,
    trials: Annotated[
        int, typer.Option(min=0, max=TRIALS_LIMIT, help="How many merges to make anew, the latest; 0 tries none.")
    ] = TRIALS_MAX,
    tenant: TenantName = DEFAULT_TENANT,
    tenants: Annotated[Path | None, typer.Option(help="Folder of <tenant>/tenant.toml [$TALLY_TENANTS].")] = None,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Read merges, reverts and conflicts out of a plain clone. Doing it twice changes nothing."""
    settings = config.load(data=data, database=database, tenants=tenants)
    name = repo or git_facts.repository(str(path.absolute())).name or project
    asked = Asked(path=path, project=project, repo=name, branch=branch, trials=trials)

    with opened_ledger(settings) as url:
        found = asyncio.run(_imported(url, settings, tenant, asked, Ticker(silent=as_json)))
    _tell(found, as_json=as_json)


async def _imported(url: Secret, settings: Settings, tenant: str, asked: Asked, ticker: Ticker) -> Imported:
    ledger = Database(url)
    await ledger.open()
    try:
        tenants = Tenants(ledger, settings.tenants_dir)
        await tenants.ensure(tenant)
        return await GitImport(ledger, tenants, RateBook(ledger, tenants)).run(tenant, asked, ticker)
    finally:
        await ledger.close()


def _tell(found: Imported, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(found)))
        return
    taken = found.pull_requests
    kinds = f"{found.merges:,} merges, {found.squashes:,} squashed, {found.direct:,} others"
    typer.echo(f"{found.commits:,} commits of {found.branch} in {found.repo}: {kinds}.")
    typer.echo(f"Pull requests: {taken.added:,} new, {taken.changed:,} changed, {taken.same:,} as they were.")
    typer.echo(f"Work items of {found.project}: {found.work_items:,} new, {found.work_items_known:,} known already.")
    if found.attempts_unknown:
        typer.echo(f"{found.attempts_unknown:,} do not tell how often they were attempted, and are not in the rates.")
    if found.can_try_merges:
        typer.echo(f"{found.trials:,} merges were made anew; {found.conflicts:,} of them conflicted.")
    else:
        typer.echo("This git is older than 2.38 and cannot try merges, so conflicts are unknown.")
    if found.merges > found.trials:
        typer.echo(
            f"{found.merges - found.trials:,} merges were not made anew, and count as clean in the conflict rate."
        )
    for one in found.overlap.kinds:
        share = "" if one.conflict.value is None else f", {one.conflict.value:.1%} of {one.tried:,} conflicted"
        typer.echo(f"Open at once, {WORDS[one.shared]}: {one.pairs:,} pairs{share}.")
    if found.shallow:
        typer.echo("The clone is shallow: what was before its first commits is not known.")


WORDS = {"path": "same file", "directory": "same folder only", "none": "nothing in common"}
