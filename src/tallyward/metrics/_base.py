"""What every measure says of itself, and where the fires that it counts are read.

A measure of fires writes `{fires}` where its rows come from and names the columns it reads beside the counts. What
stands there is chosen here, from those columns and the filters that are on, so that no measure knows about it.
"""

from collections.abc import Collection
from typing import ClassVar, LiteralString

# Each filter as a condition on the rows; what is not asked for is not said, so that an index can serve what is.
_CONDITIONS: dict[str, LiteralString] = {
    "engineer": "engineer_id = %(engineer)s",
    "skill": "skill_name = %(skill)s",
    "repo": "repo IS NOT DISTINCT FROM nullif(%(repo)s, '(none)')",
    "model": "model IS NOT DISTINCT FROM nullif(%(model)s, '(none)')",
    "runtime": "runtime = %(runtime)s",
    "session": "session_id = %(session)s",
    "status": "status = %(status)s",
    "kind": "kind = ANY(%(kinds)s)",
}
_ROWS: LiteralString = """(
    SELECT
        ts AS bucket, engineer_id, kind, skill_name, repo, model, runtime, 1 AS fires,
        (status = 'success')::integer AS successful, (status = 'error')::integer AS errors,
        (status = 'abandoned')::integer AS abandoned, latency_ms, input_tokens, output_tokens,
        coalesce(cost_micros, cost_usd_cents * 10000::bigint) AS cost_micros
    FROM skill_invocations
    WHERE tenant = tally_tenant() AND ts >= %(since)s::timestamptz AND ts < %(until)s::timestamptz{conditions}
) AS fires"""


class Metric:
    """One measure. `sql` is one SELECT with `%(name)s` parameters, run in a transaction that has said its tenant.

    `parameters` are its own; those of the range and the filters are known. `{fires}` in it is where fires are read.
    """

    title: ClassVar[str]
    unit: ClassVar[str]
    caveat: ClassVar[str]
    undefined_when: ClassVar[str]
    parameters: ClassVar[tuple[str, ...]] = ()
    sql: ClassVar[LiteralString]

    @classmethod
    def statement(cls, filters: Collection[str] = ()) -> LiteralString:
        """The whole SELECT, with these filters on."""
        return cls.sql.replace("{fires}", _ROWS.replace("{conditions}", _conditions(filters)))


def _conditions(filters: Collection[str]) -> LiteralString:
    wanted: list[LiteralString] = [condition for name, condition in _CONDITIONS.items() if name in filters]
    return "".join(" AND " + condition for condition in wanted)
