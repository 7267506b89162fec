"""Every measure by its name: what it says of itself, and its rows. A measure is there because its file is."""

from decimal import Decimal
from typing import Any

from msgspec import Struct

from tallyward import metrics
from tallyward.domain.access import Principal
from tallyward.domain.rate import rate
from tallyward.domain.suppression import PEOPLE_MIN
from tallyward.errors import Invalid, NotFound, ScopeMissing
from tallyward.ledger.database import Database, Row
from tallyward.metrics._base import Metric
from tallyward.metrics.skill_mix import SkillMix
from tallyward.plugins import found
from tallyward.services.asked import Asked
from tallyward.services.cost import BYS
from tallyward.services.days import grain_of_days
from tallyward.services.reading import Board, measured
from tallyward.services.tenants import Tenants

BY_DEFAULT = "skill"


class MeasureLine(Struct, kw_only=True):
    """A measure as it describes itself. `rates` are the shares that are added to its rows, with their intervals."""

    name: str
    title: str
    says: str
    unit: str
    caveat: str
    undefined_when: str
    rates: list[str]
    rows: str


class MeasuresBoard(Struct, kw_only=True):
    """All measures, by name."""

    rows: list[MeasureLine]


class MeasureBoard(Board, kw_only=True):
    """One measure over what was asked for: its rows as they come from its SQL, with its rates."""

    name: str
    title: str
    unit: str
    caveat: str
    undefined_when: str
    rows: list[dict[str, Any]]


class Measures:
    """Lists and reads measures."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self._database = database
        self._tenants = tenants
        self._known = found(metrics, Metric)

    def listing(self) -> MeasuresBoard:
        """What there is to be measured."""
        return MeasuresBoard(
            rows=[
                MeasureLine(
                    name=name,
                    title=metric.title,
                    says=" ".join((metric.__doc__ or "").split()),
                    unit=metric.unit,
                    caveat=metric.caveat,
                    undefined_when=metric.undefined_when,
                    rates=[name for name, _, _ in metric.rates],
                    rows=f"/v1/measures/{name}",
                )
                for name, metric in self._known.items()
            ]
        )

    async def read(self, principal: Principal, name: str, asked: Asked, by: str = BY_DEFAULT) -> MeasureBoard:
        """The rows of one measure. Raises NotFound for an unknown name, ScopeMissing for one of a team.

        A measure leaves no small group out, so an engineer reads it of the own rows, and a lead or an admin of all.
        """
        metric = self._known.get(name)
        if metric is None:
            raise NotFound(f"There is no measure {name[:60]!r}; /v1/measures lists them.")
        if by not in BYS:
            raise Invalid(f"by is {by[:60]!r}; it must be one of {', '.join(BYS)}.", field="by")
        if principal.role == "engineer":
            if asked.engineer not in (None, principal.engineer_id):
                raise ScopeMissing("This token sees the rows of its own engineer only.")
            asked = asked.of(engineer=principal.engineer_id)
        if metric is SkillMix and asked.engineer is None:
            raise Invalid("This measure is of one engineer; say whom with ?engineer=.", field="engineer")
        rows = await self._rows(principal.tenant, metric, asked, by)
        return MeasureBoard(
            tenant=principal.tenant,
            window=asked.window,
            filters=asked.filters,
            name=name,
            title=metric.title,
            unit=metric.unit,
            caveat=metric.caveat,
            undefined_when=metric.undefined_when,
            rows=[_told(row, metric) for row in rows],
        )

    async def _rows(self, tenant: str, metric: type[Metric], asked: Asked, by: str) -> list[Row]:
        kinds = list(self._tenants.config(tenant).counted_kinds)
        grain = grain_of_days(asked) if "bucket" in metric.sql else "any"
        own = {"by": by, "people_min": PEOPLE_MIN, "counted_kinds": kinds, "grain": grain}
        async with self._database.transaction(tenant) as connection:
            return await measured(connection, metric, asked, **own)


def _told(row: Row, metric: type[Metric]) -> dict[str, Any]:
    """A row for showing: NUMERIC comes as Decimal and becomes a float here and nowhere before."""
    plain = {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()}
    return plain | {name: rate(row[hits] or 0, row[n] or 0) for name, hits, n in metric.rates}
