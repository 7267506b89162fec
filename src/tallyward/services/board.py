"""The boards that came first, behind one name, as plain data for the pages, the API and the terminal alike."""

from tallyward.domain.access import Principal
from tallyward.domain.tenant import SAMPLE_TENANT
from tallyward.ledger.database import Database
from tallyward.services.asked import DAYS_DEFAULT, Asked, last_days
from tallyward.services.economics import AgentRow, Economics, EconomicsBoard
from tallyward.services.me import Me, MyBoard, SkillRow
from tallyward.services.team import EngineerRow, Team, TeamBoard, TeamTotals
from tallyward.services.tenants import Tenants

__all__ = [
    "AgentRow",
    "Board",
    "EconomicsBoard",
    "EngineerRow",
    "MyBoard",
    "SkillRow",
    "TeamBoard",
    "TeamTotals",
]


class Board:
    """Reads boards for a principal, who sees what its role allows. Nothing asked is the last thirty days."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self._tenants = tenants
        self._team = Team(database, tenants)
        self._me = Me(database, self._team)
        self._economics = Economics(database, tenants)

    async def team(self, principal: Principal, asked: Asked | None = None, *, sample: bool = False) -> TeamBoard:
        """The team. The sample tenant is shown when asked for, or when the own tenant is empty and it exists."""
        asked = asked or last_days(DAYS_DEFAULT)
        board = await self._team.read(principal, asked, sample=sample)
        empty = not sample and not asked.filters and not board.team.all_rows and not board.team.suppressed
        if empty and await self._tenants.exists(SAMPLE_TENANT):
            return await self._team.of(SAMPLE_TENANT, asked)
        return board

    async def own_team(self, principal: Principal, asked: Asked | None = None) -> TeamBoard:
        """The principal's own tenant, empty or not: for programs, which must not take a sample for the truth."""
        return await self._team.read(principal, asked or last_days(DAYS_DEFAULT))

    async def me(self, principal: Principal, asked: Asked | None = None) -> MyBoard:
        """One engineer: oneself, or, for a lead, anyone. Raises ScopeMissing for somebody else, Invalid for nobody."""
        return await self._me.read(principal, asked or last_days(DAYS_DEFAULT))

    async def economics(
        self, principal: Principal, asked: Asked | None = None, *, sample: bool = False
    ) -> EconomicsBoard:
        """The agents in the cluster and what a merged pull request of each cost."""
        return await self._economics.read(principal, asked or last_days(DAYS_DEFAULT), sample=sample)
