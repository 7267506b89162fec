"""One engineer's own board: the row, the skills and the latest fires."""

from typing import Any

import msgspec
from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.errors import Invalid, ScopeMissing
from tallyward.ledger.database import Database, fetch_all
from tallyward.metrics.skill_mix import SkillMix
from tallyward.services.asked import Asked, Window
from tallyward.services.reading import measured
from tallyward.services.team import EngineerRow, Team

RECENT_FIRES = 20


class SkillRow(Struct, kw_only=True):
    """One skill of one engineer; `p50_latency_ms` is None when no duration is known."""

    skill_name: str
    kind: str
    fires: int
    successful: int
    errors: int
    abandoned: int
    p50_latency_ms: int | None
    rows: str


class MyBoard(Struct, kw_only=True):
    """One engineer's own board. `row` is None when nothing was captured in the range."""

    engineer_id: str
    days: int | None
    tenant: str
    counted_kinds: list[str]
    grades: dict[str, int]
    window: Window
    filters: dict[str, str]
    row: EngineerRow | None
    skills: list[SkillRow]
    recent: list[dict[str, Any]]


class Me:
    """Reads one engineer's board."""

    def __init__(self, database: Database, team: Team) -> None:
        self._database = database
        self._team = team

    async def read(self, principal: Principal, asked: Asked) -> MyBoard:
        """Oneself, or, for a lead, anyone. Raises ScopeMissing for somebody else, Invalid for nobody."""
        name = asked.engineer or principal.engineer_id
        if name is None:
            raise Invalid("This token is bound to no engineer; say whom with ?engineer=.", field="engineer")
        if principal.role == "engineer" and name != principal.engineer_id:
            raise ScopeMissing("This token sees the rows of its own engineer only.")
        asked = msgspec.structs.replace(asked, engineer=name)
        board = await self._team.of(principal.tenant, asked)
        async with self._database.transaction(principal.tenant) as connection:
            skills = await measured(connection, SkillMix, asked)
            recent = await fetch_all(connection, "list_fires", {**asked.listing(), "offset": 0, "limit": RECENT_FIRES})
        return MyBoard(
            engineer_id=name,
            days=asked.days,
            tenant=principal.tenant,
            counted_kinds=board.counted_kinds,
            grades=board.grades,
            window=asked.window,
            filters=asked.filters,
            row=next(iter(board.engineers), None),
            skills=[SkillRow(**row, rows=asked.rows(skill=row["skill_name"], kind=row["kind"])) for row in skills],
            recent=recent,
        )
