"""Which models are asked."""

from tallyward.metrics._base import Metric


class ModelMix(Metric):
    """Requests per model, and their share of all."""

    title = "Model mix"
    unit = "share of the requests"
    caveat = "A request is a request, dear or cheap, long or short; metered usage by model tells tokens and money."
    undefined_when = "No request: no model is listed."
    rates = (("share", "requests", "all_requests"),)
    sql = """
        SELECT
            model, sum(requests)::bigint AS requests, (sum(sum(requests)) OVER ())::bigint AS all_requests,
            sum(cost_micros)::bigint AS cost_micros, sum(unpriced_requests)::bigint AS unpriced_requests
        FROM {requests}
        GROUP BY model
        HAVING sum(requests) > 0
        ORDER BY sum(requests) DESC, model
    """
