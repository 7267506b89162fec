"""What the server's commands share: the options that say which ledger, and that ledger, opened."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tallyward.config import Settings
from tallyward.ledger import embedded
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
    cluster = embedded.start(settings.data_dir)
    try:
        url = Secret(cluster.url())
        migrate(url)
        yield url
    finally:
        cluster.stop()
