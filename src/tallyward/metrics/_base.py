"""What every measure says of itself, and where the fires and requests that it counts are read.

A measure writes `{fires}` or `{requests}` where its rows come from, and uses their columns. What stands there is chosen
here, from the columns it uses and the filters that are on: sums that are kept where there are such, the rows themselves
where there are none. With `plain` it is always the rows, which is the SQL that the numbers can be checked with.
"""

import re
from collections.abc import Collection
from typing import ClassVar, LiteralString

# Each filter as a condition on the rows; what is not asked for is not said, so that an index can serve what is.
_CONDITIONS: dict[str, LiteralString] = {
    "engineer": "engineer_id = %(engineer)s",
    "skill": "skill_name = %(skill)s",
    "repo": "repo IS NOT DISTINCT FROM nullif(%(repo)s, '(none)')",
    "model": "model IS NOT DISTINCT FROM nullif(%(model)s, '(none)')",
    "runtime": "runtime = ANY(string_to_array(%(runtime)s, ','))",
    "session": "session_id = %(session)s",
    "status": "status = %(status)s",
    "kind": "kind = ANY(%(kinds)s)",
}
# A request to a model is of no kind and has no outcome; an engineer, skill or repository nobody named is `(none)`.
_REQUEST_CONDITIONS: dict[str, LiteralString] = {
    "engineer": "coalesce(engineer_id, 'unknown') = %(engineer)s",
    "skill": "skill_name IS NOT DISTINCT FROM nullif(%(skill)s, '(none)')",
    "repo": _CONDITIONS["repo"],
    "model": "model = %(model)s",
    "runtime": "coalesce(runtime, '(none)') = ANY(string_to_array(%(runtime)s, ','))",
    "session": _CONDITIONS["session"],
}
_PERSON = frozenset({"engineer_id", "engineer", "session_ids"})
_PLACE = frozenset({"repo", "model", "runtime"})
_NOT_BY_PERSON = frozenset({
    "skill", "skill_name", "session_ids", "seen_by_several", "latency_count", "latency_hist", "input_tokens",
    "output_tokens", "cost_usd_cents", "cost_micros",
})  # fmt: skip
_ONLY_ROWS = frozenset({"session", "status"})  # no sum is kept by these

_BY_SKILL: LiteralString = """(
    SELECT * FROM fires_by_skill({since}::timestamptz, %(until)s::timestamptz, %(grain)s::text) AS s
    WHERE true{conditions}
) AS fires"""
_BY_ENGINEER: LiteralString = """(
    SELECT * FROM fires_by_engineer({since}::timestamptz, %(until)s::timestamptz, %(grain)s::text) AS s
    WHERE true{conditions}
) AS fires"""
_BY_PERSON: LiteralString = """(
    SELECT * FROM fires_by_person({since}::timestamptz, %(until)s::timestamptz, %(grain)s::text) AS s
    WHERE true{conditions}
) AS fires"""
_BY_PLACE: LiteralString = """(
    SELECT s.*, NULL::text AS engineer_id, NULL::text[] AS session_ids
    FROM fires_by_place({since}::timestamptz, %(until)s::timestamptz, %(grain)s::text) AS s
    WHERE true{conditions}
) AS fires"""
_BY_USAGE: LiteralString = """(
    SELECT * FROM usage_by_engineer({since}::timestamptz, %(until)s::timestamptz, %(grain)s::text) AS s
    WHERE true{conditions}
) AS requests"""
_FIRES: LiteralString = """(
    SELECT
        ts AS bucket, engineer_id, kind, skill_name, repo, model, runtime, 1 AS fires,
        (status = 'success')::integer AS successful, (status = 'error')::integer AS errors,
        (status = 'abandoned')::integer AS abandoned, (cardinality(seen_by) > 1)::integer AS seen_by_several,
        (latency_ms IS NOT NULL)::integer AS latency_count, latency_hist(latency_ms) AS latency_hist, input_tokens,
        output_tokens, cost_usd_cents, cost_micros,
        CASE kind WHEN 'session' THEN ARRAY[coalesce(session_id, '')] END AS session_ids
    FROM skill_invocations
    WHERE tenant = tally_tenant() AND ts >= {since}::timestamptz AND ts < %(until)s::timestamptz{conditions}
) AS fires"""
_REQUESTS: LiteralString = """(
    SELECT *
    FROM (
        SELECT
            c.ts AS bucket, c.engineer_id, c.model, c.repo, c.runtime, c.session_id,
            coalesce(nullif(fire.skill_name, 'unknown'), c.skill_name, fire.skill_name) AS skill_name,
            metered::integer AS requests, CASE WHEN metered THEN input_tokens END AS input_tokens,
            CASE WHEN metered THEN cache_read_tokens END AS cache_read_tokens,
            CASE WHEN metered THEN cache_write_5m_tokens END AS cache_write_5m_tokens,
            CASE WHEN metered THEN cache_write_1h_tokens END AS cache_write_1h_tokens,
            CASE WHEN metered THEN output_tokens END AS output_tokens,
            CASE WHEN metered THEN reasoning_tokens END AS reasoning_tokens,
            CASE WHEN metered THEN web_search_requests END AS web_search_requests,
            CASE WHEN metered THEN cost_micros END AS cost_micros,
            (metered AND cost_micros IS NULL)::integer AS unpriced_requests,
            (metered AND cardinality(seen_by) > 1)::integer AS seen_by_several, 1 AS reports,
            (cost_micros IS NOT NULL AND reported_cost_micros IS NOT NULL)::integer AS compared_requests,
            CASE WHEN reported_cost_micros IS NOT NULL THEN cost_micros END AS our_micros,
            CASE WHEN cost_micros IS NOT NULL THEN reported_cost_micros END AS reported_micros
        FROM cost_ledger AS c
        CROSS JOIN LATERAL (
            SELECT EXISTS (
                SELECT FROM metered_requests AS m WHERE m.tenant = tally_tenant() AND m.request_key = c.request_key
            ) AS metered
        ) AS once
        LEFT JOIN LATERAL (
            SELECT f.skill_name
            FROM skill_invocations AS f
            WHERE f.tenant = tally_tenant() AND f.kind = 'skill' AND f.session_id = c.session_id
                AND f.prompt_id = c.prompt_id AND f.ts <= c.ts
            ORDER BY f.ts DESC, f.id DESC
            LIMIT 1
        ) AS fire ON true
        WHERE c.tenant = tally_tenant() AND c.ts >= {since}::timestamptz AND c.ts < %(until)s::timestamptz
    ) AS rows WHERE true{conditions}
) AS requests"""
_WINDOW: LiteralString = "%(since)s"
_EVER: LiteralString = "'-infinity'"


class Metric:
    """One measure. `sql` is one SELECT with `%(name)s` parameters, run in a transaction that has said its tenant.

    `parameters` are its own; those of the range and the filters are known. In it `{fires}`, `{requests}` and
    `{fires_ever}`, which has no beginning, are where rows are read. `people_may_miss` says that it can do without
    knowing who fired: where a place is asked for and no engineer, `engineer_id` is then NULL. `rates` are shares of its
    columns: the name that one is given beside them, what is counted, and of how many.
    """

    title: ClassVar[str]
    unit: ClassVar[str]
    caveat: ClassVar[str]
    undefined_when: ClassVar[str]
    parameters: ClassVar[tuple[str, ...]] = ()
    people_may_miss: ClassVar[bool] = False
    rates: ClassVar[tuple[tuple[str, str, str], ...]] = ()
    sql: ClassVar[LiteralString]

    @classmethod
    def statement(cls, filters: Collection[str] = (), *, plain: bool = False) -> LiteralString:
        """The whole SELECT, with these filters on."""
        rows = plain or cls._needs_rows(frozenset(filters))
        fires = _FIRES if rows else cls._sums_of_fires(frozenset(filters))
        requests = _REQUESTS if plain or "session" in filters else _BY_USAGE
        fires = fires.replace("{conditions}", _joined(_CONDITIONS, filters))
        requests = requests.replace("{conditions}", _joined(_REQUEST_CONDITIONS, filters))
        # Rows of all time are read from sums only; without sums the favourite of the range must do.
        ever = _WINDOW if cls._needs_rows(frozenset(filters)) else _EVER
        return (
            cls.sql.replace("{fires_ever}", fires.replace("{since}", ever))
            .replace("{fires}", fires.replace("{since}", _WINDOW))
            .replace("{requests}", requests.replace("{since}", _WINDOW))
        )

    @classmethod
    def knows_people(cls, filters: Collection[str]) -> bool:
        """Whether `engineer_id` is told with these filters on."""
        return cls._needs_rows(frozenset(filters)) or not _PLACE & frozenset(filters)

    @classmethod
    def _asks(cls, columns: frozenset[str], filters: frozenset[str]) -> bool:
        return bool(columns & (filters | frozenset(re.findall(r"\w+", cls.sql))))

    @classmethod
    def _needs_rows(cls, filters: frozenset[str]) -> bool:
        if filters & _ONLY_ROWS:
            return True
        both = cls._asks(_PERSON, filters) and cls._asks(_PLACE, filters)
        return both and not (cls.people_may_miss and "engineer" not in filters)

    @classmethod
    def _sums_of_fires(cls, filters: frozenset[str]) -> LiteralString:
        if cls._asks(_PLACE, filters):
            return _BY_PLACE
        if not cls._asks(_PERSON, filters):
            return _BY_SKILL
        return _BY_ENGINEER if cls._asks(_NOT_BY_PERSON, filters) else _BY_PERSON


def _joined(conditions: dict[str, LiteralString], filters: Collection[str]) -> LiteralString:
    wanted: list[LiteralString] = [condition for name, condition in conditions.items() if name in filters]
    return "".join(" AND " + condition for condition in wanted)
