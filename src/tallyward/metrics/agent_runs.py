"""What the agents in the cluster did: how often they ran, how it ended, how long it took and what it cost."""

from tallyward.metrics._base import Metric


class AgentRuns(Metric):
    """Runs per agent of the cluster."""

    title = "Agent runs"
    unit = "runs, milliseconds, and millionths of a US dollar"
    caveat = (
        "A run is a fire of a kind that the tenant counts, in the runtime k8s-job. Its cost is what the run itself was "
        "metered with; metered_runs says how many were. Durations as in Latency."
    )
    undefined_when = "No run: the agent is not listed. No run metered: its cost is NULL, never 0."
    parameters = ("counted_kinds",)
    rates = (("success", "successful", "runs"), ("error", "errors", "runs"), ("abandon", "abandoned", "runs"))
    sql = """
        SELECT
            skill_name AS agent, sum(fires)::bigint AS runs, sum(successful)::bigint AS successful,
            sum(errors)::bigint AS errors, sum(abandoned)::bigint AS abandoned, sum(cost_micros)::bigint AS cost_micros,
            latency_quantile(latency_hist_sum(latency_hist), 0.5) AS p50_latency_ms,
            latency_quantile(latency_hist_sum(latency_hist), 0.95) AS p95_latency_ms
        FROM {fires}
        WHERE runtime = 'k8s-job' AND kind = ANY(%(counted_kinds)s)
        GROUP BY skill_name
        ORDER BY sum(cost_micros) DESC NULLS LAST, skill_name
    """
