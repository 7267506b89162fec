"""How long fires take: the middle, and the slow ones that people remember."""

from tallyward.metrics._base import Metric


class Latency(Metric):
    """Median, 95th and 99th percentile of the duration per skill and kind, and in the row that is `entire` of all."""

    title = "Latency"
    unit = "milliseconds"
    caveat = (
        "Over the fires whose duration is known, which latency_count says. A percentile is a duration that occurred "
        "(nearest rank). The 95th of fewer than 100 fires, and the 99th of fewer than 500, say little of the next one."
    )
    undefined_when = "No duration known: the percentiles are NULL, never 0."
    sql = """
        SELECT
            skill_name, kind, grouping(skill_name) = 1 AS entire, count(latency_ms) AS latency_count,
            percentile_disc(0.5) WITHIN GROUP (ORDER BY latency_ms) AS p50_latency_ms,
            percentile_disc(0.95) WITHIN GROUP (ORDER BY latency_ms) AS p95_latency_ms,
            percentile_disc(0.99) WITHIN GROUP (ORDER BY latency_ms) AS p99_latency_ms
        FROM {fires}
        GROUP BY GROUPING SETS ((skill_name, kind), ())
    """
