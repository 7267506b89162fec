"""Imports clones into one ledger of a test, and reads what is there then."""

from pathlib import Path
from typing import Any

from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.ledger.database import Database
from tallyward.services.git_import import Asked, GitImport, Imported
from tallyward.services.rates import RateBook
from tallyward.services.tenants import Tenants
from tests.pulls import REPO


class Desk:
    """Imports clones into one ledger, and reads what is there then."""

    def __init__(self, ledger: Database) -> None:
        self.ledger = ledger
        self.tenants = Tenants(ledger, None)
        self.book = RateBook(ledger, self.tenants)
        self.progress: list[str] = []

    async def bring(self, path: Path, project: str = "web", **asked: Any) -> Imported:
        asked = {"repo": REPO, **asked}
        importer = GitImport(self.ledger, self.tenants, self.book)
        return await importer.run(
            DEFAULT_TENANT, Asked(path=path, project=project, **asked), lambda what, *_: self.progress.append(what)
        )

    async def rows(self, statement: str, tenant: str = DEFAULT_TENANT) -> list[dict[str, Any]]:
        async with self.ledger.transaction(tenant) as connection:
            cursor = await connection.execute(statement.encode())
            return await cursor.fetchall()

    async def everything(self) -> str:
        """The whole ledger of the tenant as text, as far as an import writes it."""
        tables = ("pull_requests", "work_items", "events_outbox")
        return "".join([str(await self.rows(f"SELECT * FROM {table} ORDER BY id")) for table in tables])  # noqa: S608
