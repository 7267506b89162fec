"""What was asked of the models and what it cost, by whatever one wants to know it by."""

from tallyward.metrics._base import Metric


class MeteredUsage(Metric):
    """Requests, tokens and cost per skill, model, repository, day, engineer, agent or runtime.

    `people` are the engineers who made them; `people_of_small` in every row, those of all keys of fewer than
    `people_min`.
    """

    title = "Metered usage"
    unit = "tokens, and millionths of a US dollar"
    caveat = (
        "A request belongs to the last skill that fired before it in the same prompt of the same session, so several "
        "skills in one prompt share its cost in the order in which they fired; what came before the first of them, and "
        "what no hook saw, is `(none)` unless the sender named a skill. By agent, what ran where no person sits "
        "is the agent's, and all else `(people)`. Days are those of UTC. List prices: what a contract takes off is not "
        "known."
    )
    undefined_when = "No request of a key has a known price: its cost is NULL, never 0. Unpriced requests are counted."
    parameters = ("by", "people_min")
    sql = """
        WITH cells AS (
            SELECT
                CASE %(by)s::text
                    WHEN 'skill' THEN coalesce(skill_name, '(none)')
                    WHEN 'model' THEN model
                    WHEN 'repo' THEN coalesce(repo, '(none)')
                    WHEN 'day' THEN to_char(bucket AT TIME ZONE 'UTC', 'YYYY-MM-DD')
                    WHEN 'engineer' THEN coalesce(engineer_id, 'unknown')
                    WHEN 'runtime' THEN coalesce(runtime, '(none)')
                    WHEN 'agent' THEN CASE
                        WHEN runtime IN ('k8s-job', 'modal', 'local-job') THEN coalesce(skill_name, '(none)')
                        ELSE '(people)'
                    END
                END AS key,
                nullif(engineer_id, 'unknown') AS person, sum(requests) AS requests,
                sum(input_tokens) AS input_tokens, sum(cache_read_tokens) AS cache_read_tokens,
                sum(cache_write_5m_tokens) AS cache_write_5m_tokens,
                sum(cache_write_1h_tokens) AS cache_write_1h_tokens, sum(output_tokens) AS output_tokens,
                sum(reasoning_tokens) AS reasoning_tokens, sum(cost_micros) AS cost_micros,
                sum(unpriced_requests) AS unpriced_requests
            FROM {requests}
            GROUP BY key, person
            HAVING sum(requests) > 0
        ), counted AS (
            SELECT *, count(person) OVER (PARTITION BY key) AS people FROM cells
        ), keys AS (
            SELECT
                key, count(DISTINCT person) AS people, sum(requests)::bigint AS requests,
                sum(input_tokens)::bigint AS input_tokens, sum(cache_read_tokens)::bigint AS cache_read_tokens,
                sum(cache_write_5m_tokens)::bigint AS cache_write_5m_tokens,
                sum(cache_write_1h_tokens)::bigint AS cache_write_1h_tokens,
                sum(output_tokens)::bigint AS output_tokens, sum(reasoning_tokens)::bigint AS reasoning_tokens,
                sum(cost_micros)::bigint AS cost_micros, sum(unpriced_requests)::bigint AS unpriced_requests
            FROM cells
            GROUP BY key
        )
        SELECT
            keys.*, (SELECT count(DISTINCT person) FROM cells) AS people_of_all,
            (SELECT count(DISTINCT person) FROM counted WHERE people < %(people_min)s) AS people_of_small
        FROM keys
        ORDER BY CASE WHEN %(by)s::text = 'day' THEN key END, cost_micros DESC NULLS LAST, key
    """
