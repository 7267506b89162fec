-- A made-up year of one organisation: 300 engineers, 40 names, 60 repositories; some work more than others, most of it by
-- day from Monday to Friday, each in a few repositories. Parameters: rows, days, first day's age, part of the year.
INSERT INTO skill_invocations (
    ts, engineer_id, skill_name, repo, runtime, model, latency_ms, status, cost_usd_cents, cost_micros, kind, session_id,
    prompt_id, seen_by
)
SELECT
    ts, CASE WHEN fleet THEN 'fleet-' || who %% 5 ELSE 'engineer-' || who END, skill_name,
    'org/repo-' || CASE WHEN r3 < 0.75 THEN who %% 60 ELSE floor(60 * r3 ^ 3)::integer END,
    CASE WHEN fleet THEN 'k8s-job' WHEN who %% 3 = 0 THEN 'codex-cli' WHEN r4 < 0.2 THEN 'claude-code-desktop'
        ELSE 'claude-code-cli' END,
    CASE WHEN who %% 3 = 0 THEN 'gpt-5.4' WHEN r4 < 0.7 THEN 'claude-opus-4-7' ELSE 'claude-haiku-4-5' END,
    CASE WHEN r5 < 0.93 THEN floor(exp(6.2 + 1.3 * (r1 + r3 + r5 - 1.4)) * (1 + 20 * r4 ^ 8))::integer END,
    CASE WHEN r5 < 0.9 THEN 'success' WHEN r5 < 0.96 THEN 'error' ELSE 'abandoned' END,
    CASE WHEN fleet THEN cents END, CASE WHEN fleet THEN cents * 10000 END, kind,
    who || '-' || (ts AT TIME ZONE 'UTC')::date || '-' || floor(4 * r4),
    who || '-' || extract(epoch FROM date_bin('5 minutes', ts, '2000-01-01 00:00+00'))::bigint, ARRAY['hook']
FROM (
    SELECT
        *, floor(300 * r1 ^ 1.7)::integer AS who, kind = 'agent' AND r4 < 0.3 AS fleet,
        floor(20 + 300 * r3 ^ 2)::integer AS cents,
        CASE kind
            WHEN 'tool' THEN 'tool-' || floor(8 * r4 ^ 2) WHEN 'skill' THEN '/skill-' || floor(20 * r4 ^ 1.5)
            WHEN 'mcp' THEN 'mcp__server__tool_' || floor(6 * r4) WHEN 'agent' THEN 'agent-' || floor(5 * r3)
            ELSE 'session'
        END AS skill_name
    FROM (
        SELECT
            r1, r3, r4, r5,
            CASE WHEN r2 < 0.5 THEN 'tool' WHEN r2 < 0.72 THEN 'skill' WHEN r2 < 0.82 THEN 'mcp' WHEN r2 < 0.9 THEN 'agent'
                ELSE 'session' END AS kind,
            day + interval '7 hours' + interval '1 hour' * (12 * (r6 + r7) / 2 * CASE WHEN r6 < 0.9 THEN 1 ELSE 1.3 END)
                AS ts
        FROM (
            SELECT
                random() AS r1, random() AS r2, random() AS r3, random() AS r4, random() AS r5, random() AS r6,
                random() AS r7, n
            FROM generate_series(1, %(rows)s) AS n
        ) AS drawn
        CROSS JOIN LATERAL (
            SELECT date_trunc('day', now(), 'UTC') - make_interval(days => %(age)s - (n %% %(days)s)::integer) AS drawn_day
        ) AS drawn_days
        CROSS JOIN LATERAL (
            SELECT CASE WHEN extract(isodow FROM drawn_day AT TIME ZONE 'UTC') > 5 AND r7 < 0.8
                THEN drawn_day - interval '2 days' ELSE drawn_day END AS day
        ) AS days
    ) AS moments
) AS rows
WHERE ts < now()
ORDER BY ts
