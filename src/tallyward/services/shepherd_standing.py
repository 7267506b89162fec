"""What the shepherd takes of an agent and of its work: how far it is trusted, and whether it is held."""

from tallyward import clock
from tallyward.domain.forge import PullRequestSignals
from tallyward.domain.trust import Level
from tallyward.ledger.database import Connection, fetch_all
from tallyward.services.trust import TrustBook


class ByLedger:
    """Trust as merges and people say, holds as scopes do; nothing on the pull request itself can change either."""

    def __init__(self, trust: TrustBook) -> None:
        self._trust = trust

    async def of(
        self, connection: Connection, tenant: str, told: PullRequestSignals, agent: str | None
    ) -> tuple[Level, str | None]:
        """The level of the agent, or of all where a person made it; and by what its work is held."""
        trust = await self._trust.level(connection, tenant, agent)
        names = [told.repo, told.repo.rpartition("/")[2]]  # a project is called like its repository, or in short
        asked = {"projects": names, "number": told.number, "now": clock.iso(clock.now())}
        rows = await fetch_all(connection, "find_hold_of", asked)
        blockers: list[str] = rows[0]["payload"]["blockers"] if rows else []
        return trust.level, ", ".join(blockers) or None
