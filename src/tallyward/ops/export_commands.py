"""`tally export`: what is in the ledger, as a file for whoever learns from it."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
import typer

from tallyward import clock, config
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.errors import ConfigInvalid, NotListed
from tallyward.ledger.database import Database
from tallyward.ops.opened import AsJson, DatabaseUrl, DataDir, TenantName, opened_ledger
from tallyward.redact import Secret
from tallyward.services.tenants import Tenants
from tallyward.services.training import Training

TELL_ROWS = 10_000  # between two words about how far it is
_AGO = re.compile(r"(\d{1,5})([hdw])", re.ASCII)
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}

export = typer.Typer(no_args_is_help=True, help="Write out what is in the ledger.")


def moment(text: str, now: datetime) -> datetime:
    """`90d`, `12h` or `4w` ago, or the day or moment that is written out. Raises ConfigInvalid for anything else."""
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigInvalid(
            f"--since is {text[:40]!r}; write 90d, 12h, 4w, 2026-05-17 or 2026-05-17T14:00Z.", field="--since"
        ) from None
    return said if said.tzinfo else said.replace(tzinfo=now.tzinfo)


@export.command("training")
def training(
    since: Annotated[str, typer.Option(help="Decisions from then on: 90d, 12h, 4w, a day or a moment.")] = "90d",
    output: Annotated[Path | None, typer.Option(help="File to write; without it, standard output.")] = None,
    tenant: TenantName = DEFAULT_TENANT,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Write every decision about pull requests with its state and outcome, one JSON object a line."""
    begin = moment(since, clock.now())
    with opened_ledger(config.load(data=data, database=database)) as url, _target(output) as target:
        counts = asyncio.run(_export(url, tenant, begin, target))
    said = {"tenant": tenant, "since": clock.iso(begin), "output": str(output) if output else None, **counts}
    # Where the rows themselves go to standard output, what is said of them must not.
    if as_json:
        typer.echo(json.dumps(said), err=output is None)
    elif output is not None or sys.stderr.isatty():
        typer.echo(f"{counts['rows']} decisions, {counts['censored']} of them with no outcome yet.", err=output is None)


async def _export(url: Secret, tenant: str, since: datetime, target: BinaryIO) -> dict[str, int]:
    ledger = Database(url)
    await ledger.open()
    counts = {"rows": 0, "censored": 0}
    try:
        if tenant != DEFAULT_TENANT and not await Tenants(ledger, None).exists(tenant):
            raise NotListed(f"There is no tenant {tenant!r}.")
        async for row in Training(ledger).rows(tenant, since):
            target.write(msgspec.json.encode(row) + b"\n")
            counts["rows"] += 1
            counts["censored"] += row["censored"]
            _tell(counts["rows"], row)
    finally:
        await ledger.close()
    return counts


def _tell(rows: int, row: dict[str, Any]) -> None:
    if rows % TELL_ROWS == 0 and sys.stderr.isatty():
        typer.echo(f"{rows} decisions, up to {row['at']:%Y-%m-%d %H:%M}", err=True)


@contextmanager
def _target(output: Path | None) -> Generator[BinaryIO]:
    """Where the rows go. A file is there whole or not at all, whatever happens meanwhile."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    half = output.with_name(f"{output.name}.part")
    try:
        with half.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        half.replace(output)
    except OSError as error:
        raise ConfigInvalid(f"{output} cannot be written ({error.strerror}).", field="--output") from error
    finally:
        half.unlink(missing_ok=True)
