"""What each session asked of the models, and what it cost."""

from tallyward.metrics._base import Metric


class SessionUsage(Metric):
    """Requests, tokens and cost per session, the dearest first."""

    title = "Usage per session"
    unit = "tokens, and millionths of a US dollar"
    caveat = (
        "Read from the requests themselves, since no sum is kept by session: slow over a long range. Requests of no "
        "session are together under `(none)`. What a session asked before the range is not in it."
    )
    undefined_when = "No request of a session has a known price: its cost is NULL, never 0."
    sql = """
        SELECT
            coalesce(session_id, '(none)') AS key, count(*) AS requests,
            sum(input_tokens)::bigint AS input_tokens, sum(cache_read_tokens)::bigint AS cache_read_tokens,
            sum(cache_write_5m_tokens)::bigint AS cache_write_5m_tokens,
            sum(cache_write_1h_tokens)::bigint AS cache_write_1h_tokens,
            sum(output_tokens)::bigint AS output_tokens, sum(reasoning_tokens)::bigint AS reasoning_tokens,
            sum(cost_micros)::bigint AS cost_micros, count(*) FILTER (WHERE cost_micros IS NULL) AS unpriced_requests
        FROM metered_requests
        WHERE tenant = tally_tenant() AND ts >= %(since)s::timestamptz AND ts < %(until)s::timestamptz
            AND (%(engineer)s::text IS NULL OR coalesce(engineer_id, 'unknown') = %(engineer)s)
            AND (%(repo)s::text IS NULL OR repo IS NOT DISTINCT FROM nullif(%(repo)s, '(none)'))
            AND (%(model)s::text IS NULL OR model = %(model)s)
            AND (%(runtime)s::text IS NULL OR coalesce(runtime, '(none)') = ANY(string_to_array(%(runtime)s, ',')))
            AND (%(session)s::text IS NULL OR session_id = %(session)s)
        GROUP BY key
        ORDER BY sum(cost_micros) DESC NULLS LAST, key
    """
