"""A measure as SQL that Grafana sends: the same SELECT as the pages', with Grafana's range and a tenant's settings."""

import re
from inspect import cleandoc
from typing import Any, Self

from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.models.dashboard import DataSourceRef
from psycopg.sql import Literal

from tallyward.domain.tenant import BELOW_ALL, GRADES, TenantConfig
from tallyward.metrics._base import Metric

SOURCE = DataSourceRef(type_val="grafana-postgresql-datasource", uid="tallyward")
_PARAMETER = re.compile(r"%(?:\((\w+)\)s|%)")
# What Grafana writes in place of a name; `sqlstring` makes quotes harmless.
_GRAFANA = {"since": "$__timeFrom()", "until": "$__timeTo()", "engineer": "${engineer:sqlstring}"}


class Query(variants.Dataquery, builder.Builder[variants.Dataquery]):
    """One SELECT of a panel, as the PostgreSQL data source takes it; the kit has no builder for that one."""

    def __init__(self, sql: str, form: str = "table") -> None:
        self._sql = sql
        self._form = form

    def build(self) -> Self:
        return self

    def to_json(self) -> dict[str, Any]:
        return {
            "refId": "A", "datasource": SOURCE, "format": self._form, "rawQuery": True, "editorMode": "code",
            "rawSql": self._sql,
        }  # fmt: skip


def select(columns: str, metric: type[Metric], config: TenantConfig, *filters: str, then: str = "", **own: str) -> str:
    """These columns of a measure. `filters` and `own` are as `Metric.statement` and its parameters take them."""
    kinds = list(config.counted_kinds)
    given = {
        **dict.fromkeys(("engineer", "repo")),
        "grain": "any",
        "tz": "UTC",
        "people_min": 0,
        "kinds": kinds,
        "counted_kinds": kinds,
        **own,
    }

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return "%"
        asked = name in _GRAFANA and (name != "engineer" or name in filters)
        return _GRAFANA[name] if asked else Literal(given[name]).as_string(None)

    inner = _PARAMETER.sub(value, metric.statement(filters))
    indented = "\n".join(f"    {line}" if line else "" for line in cleandoc(inner).splitlines())
    return f"SELECT {columns}\nFROM (\n{indented}\n) AS measured" + (f"\n{then}" if then else "")


def grade(config: TenantConfig) -> str:
    """The grade of `fires_30d`, by the thresholds of the tenant."""
    steps = " ".join(f"WHEN fires_30d > {getattr(config.grades, name)} THEN '{name}'" for name in GRADES[:-1])
    return f"CASE {steps} ELSE '{BELOW_ALL}' END AS utilization"
