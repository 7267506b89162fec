"""How much of the money no skill explains."""

from tallyward.metrics._base import Metric


class UnattributedCost(Metric):
    """Requests and cost that are joined to no skill, beside those of all."""

    title = "Unattributed cost"
    unit = "requests, and millionths of a US dollar"
    caveat = (
        "What was asked before the first skill of a prompt, and what no hook saw. The share is of the requests; that "
        "of the money has no interval, since a few dear requests decide it."
    )
    undefined_when = "No request: the share is NULL. No priced one: the cost is NULL, never 0."
    rates = (("unattributed", "unattributed_requests", "requests"),)
    sql = """
        SELECT
            coalesce(sum(requests), 0)::bigint AS requests,
            coalesce(sum(requests) FILTER (WHERE skill_name IS NULL), 0)::bigint AS unattributed_requests,
            sum(cost_micros)::bigint AS cost_micros,
            sum(cost_micros) FILTER (WHERE skill_name IS NULL)::bigint AS unattributed_micros
        FROM {requests}
    """
