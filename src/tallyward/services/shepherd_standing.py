"""What the shepherd takes of the agent's standing: how far it is trusted, by its merges and by what people set."""

from tallyward.domain.forge import PullRequestSignals
from tallyward.domain.trust import Level
from tallyward.ledger.database import Connection
from tallyward.services.trust import TrustBook


class ByMerges:
    """Trust as the rates say; nothing on the pull request itself can raise it."""

    def __init__(self, trust: TrustBook) -> None:
        self._trust = trust

    async def of(
        self, connection: Connection, tenant: str, told: PullRequestSignals, agent: str | None
    ) -> tuple[Level, str | None]:
        """The level of the agent, or of all where a person made it. Nothing is held yet."""
        del told
        return (await self._trust.level(connection, tenant, agent)).level, None
