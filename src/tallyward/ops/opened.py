"""What the server's commands share: the options that say which ledger, and that ledger, opened."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tallyward.config import Settings, default_data_dir
from tallyward.errors import LedgerMissing
from tallyward.ledger import embedded
from tallyward.ledger.cluster_files import ClusterFiles
from tallyward.ledger.migrate import migrate, require_current
from tallyward.redact import Secret

DataDir = Annotated[Path | None, typer.Option("--data", help="Data directory of the server [$TALLY_DATA].")]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database", help="postgresql:// URL of a PostgreSQL 15 or newer [$TALLY_DATABASE].")
]
TenantName = Annotated[str, typer.Option("--tenant", help="The tenant it is about.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


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
