"""How long fires take: the middle, and the slow ones that people remember."""

from tallyward.metrics._base import Metric


class Latency(Metric):
    """Median, 95th and 99th percentile of the duration per skill and kind, and in the row that is `entire` of all."""

    title = "Latency"
    unit = "milliseconds"
    caveat = (
        "Over the fires whose duration is known, which latency_count says. Durations are kept in buckets: a percentile "
        "is exact below 28 ms and within 2.2 % above. The 95th of fewer than 100 fires, and the 99th of fewer than "
        "500, say little of the next one."
    )
    undefined_when = "No duration known: the percentiles are NULL, never 0."
    sql = """
        SELECT
            skill_name, kind, entire, latency_count,
            CASE WHEN hist IS NOT NULL THEN latency_quantile(hist, 0.5) END AS p50_latency_ms,
            CASE WHEN hist IS NOT NULL THEN latency_quantile(hist, 0.95) END AS p95_latency_ms,
            CASE WHEN hist IS NOT NULL THEN latency_quantile(hist, 0.99) END AS p99_latency_ms
        FROM (
            SELECT
                skill_name, kind, grouping(skill_name) = 1 AS entire,
                coalesce(sum(latency_count), 0)::bigint AS latency_count, latency_hist_sum(latency_hist) AS hist
            FROM {fires}
            GROUP BY GROUPING SETS ((skill_name, kind), ())
        ) AS lines
        ORDER BY entire DESC, skill_name, kind
    """
