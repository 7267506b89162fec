-- What the acceptance grid asks of the ledger, in one row: every row counts, as in the organisation's own queries.
SELECT
    (SELECT coalesce(jsonb_object_agg(engineer_id, fires), '{}') FROM (
        SELECT engineer_id, count(*) AS fires FROM skill_invocations
        WHERE tenant = tally_tenant() AND ts > now() - interval '1 day' GROUP BY engineer_id
    ) AS of_a_day) AS fires_1d,
    (SELECT coalesce(array_agg(DISTINCT engineer_id), '{}')
     FROM fires_by_engineer(now() - interval '30 days', 'infinity', 'any')) AS graded,
    (SELECT extract(epoch FROM now() - max(ts))::float8 FROM skill_invocations
     WHERE tenant = tally_tenant() AND ts > now() - interval '1 day' AND ts <= now()
       AND skill_name IN ('/start', 'start') AND runtime NOT IN ('k8s-job', 'modal')) AS start_seconds,
    (SELECT coalesce(jsonb_object_agg(skill_name, fires), '{}') FROM (
        SELECT skill_name, sum(fires)::bigint AS fires
        FROM fires_by_skill(now() - interval '7 days', 'infinity', 'any')
        WHERE skill_name = ANY(%(retired)s) GROUP BY skill_name
    ) AS retired) AS retired_fires,
    (SELECT coalesce(array_agg(DISTINCT engineer_id ORDER BY engineer_id), '{}') FROM api_tokens
     WHERE tenant = tally_tenant() AND engineer_id IS NOT NULL AND revoked_at IS NULL
       AND (expires_at IS NULL OR expires_at > now())) AS bound
