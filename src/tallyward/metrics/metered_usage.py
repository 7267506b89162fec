"""What was asked of the models and what it cost, by whatever one wants to know it by."""

from tallyward.metrics._base import Metric


class MeteredUsage(Metric):
    """Requests, tokens and cost since a moment, per skill, model, repository, day, engineer or session."""

    title = "Metered usage"
    unit = "tokens, and millionths of a US dollar"
    caveat = (
        "A request belongs to the last skill that fired before it in the same prompt of the same session, so several "
        "skills in one prompt share its cost in the order in which they fired; what came before the first of them, and "
        "what no hook saw, is `(none)` unless the sender named a skill. Days are those of UTC. List prices: what a "
        "contract takes off is not known."
    )
    undefined_when = "No request of a key has a known price: its cost is NULL, never 0. Unpriced requests are counted."
    parameters = ("by", "since", "engineer")
    sql = """
        SELECT
            key, count(*) AS requests,
            sum(input_tokens)::bigint AS input_tokens,
            sum(cache_read_tokens)::bigint AS cache_read_tokens,
            sum(cache_write_5m_tokens)::bigint AS cache_write_5m_tokens,
            sum(cache_write_1h_tokens)::bigint AS cache_write_1h_tokens,
            sum(output_tokens)::bigint AS output_tokens,
            sum(reasoning_tokens)::bigint AS reasoning_tokens,
            sum(cost_micros)::bigint AS cost_micros,
            count(*) FILTER (WHERE cost_micros IS NULL) AS unpriced_requests
        FROM (
            SELECT
                c.*,
                CASE %(by)s::text
                    WHEN 'skill'
                        THEN coalesce(nullif(fire.skill_name, 'unknown'), c.skill_name, fire.skill_name, '(none)')
                    WHEN 'model' THEN c.model
                    WHEN 'repo' THEN coalesce(c.repo, '(none)')
                    WHEN 'day' THEN to_char(c.ts AT TIME ZONE 'UTC', 'YYYY-MM-DD')
                    WHEN 'engineer' THEN coalesce(c.engineer_id, 'unknown')
                    WHEN 'session' THEN coalesce(c.session_id, '(none)')
                END AS key
            FROM metered_requests AS c
            LEFT JOIN LATERAL (
                SELECT f.skill_name
                FROM skill_invocations AS f
                WHERE %(by)s::text = 'skill' AND f.tenant = tally_tenant() AND f.kind = 'skill'
                    AND f.session_id = c.session_id AND f.prompt_id = c.prompt_id AND f.ts <= c.ts
                ORDER BY f.ts DESC, f.id DESC
                LIMIT 1
            ) AS fire ON true
            WHERE c.tenant = tally_tenant() AND c.ts >= %(since)s::timestamptz
                AND (%(engineer)s::text IS NULL OR c.engineer_id = %(engineer)s)
        ) AS requests
        GROUP BY key
        ORDER BY CASE WHEN %(by)s::text = 'day' THEN key END, sum(cost_micros) DESC NULLS LAST, key
    """
