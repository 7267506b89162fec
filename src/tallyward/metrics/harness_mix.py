"""Which programs the work is done in: Claude Code or Codex, on the desktop, at the prompt or in the cluster."""

from tallyward.metrics._base import Metric


class HarnessMix(Metric):
    """Counted fires per runtime, and their share of all."""

    title = "Harness mix"
    unit = "share of the fires"
    caveat = "By fires and not by people: who works with two programs is in both."
    undefined_when = "No counted fire: no runtime is listed."
    parameters = ("counted_kinds",)
    rates = (("share", "fires", "all_fires"),)
    sql = """
        SELECT
            runtime, sum(fires)::bigint AS fires, (sum(sum(fires)) OVER ())::bigint AS all_fires,
            sum(successful)::bigint AS successful
        FROM {fires}
        WHERE kind = ANY(%(counted_kinds)s)
        GROUP BY runtime
        ORDER BY sum(fires) DESC, runtime
    """
