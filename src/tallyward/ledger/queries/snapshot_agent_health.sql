-- Keeps how each agent does as of a day: its runs and their cost, and of the pull requests that it opened in the 30 days
-- before what was merged and what of that was reverted. Done again, the day's row is made anew.
WITH span AS (
    SELECT %(day)s::date AS day, (%(day)s::date + 1)::timestamp AT TIME ZONE 'UTC' AS until,
        (%(day)s::date - 29)::timestamp AT TIME ZONE 'UTC' AS since
), runs AS (
    SELECT i.skill_name AS agent, count(*) AS runs, (sum(i.cost_micros) + 5000) / 10000 AS cents
    FROM span JOIN skill_invocations AS i ON i.tenant = tally_tenant() AND i.ts >= span.since AND i.ts < span.until
    WHERE i.runtime = 'k8s-job' AND i.kind = ANY(%(counted_kinds)s)
    GROUP BY i.skill_name
), pulls AS (
    SELECT
        p.agent, count(*) AS opened, count(*) FILTER (WHERE p.merged_at < span.until) AS merged,
        count(*) FILTER (WHERE p.merged_at < span.until AND p.reverted_at < span.until) AS reverted
    FROM span JOIN pull_requests AS p
        ON p.tenant = tally_tenant() AND p.opened_at >= span.since AND p.opened_at < span.until
    WHERE p.agent IS NOT NULL
    GROUP BY p.agent
), known AS (
    SELECT
        coalesce(runs.agent, pulls.agent) AS agent, coalesce(runs, 0) AS runs, coalesce(opened, 0) AS opened,
        coalesce(merged, 0) AS merged, coalesce(reverted, 0) AS reverted, cents
    FROM runs FULL JOIN pulls ON pulls.agent = runs.agent
)
INSERT INTO agent_health_stats AS stats (
    snapshot_date, agent_name, runs_30d, prs_opened_30d, prs_merged_30d, prs_reverted_30d, survival_rate, token_cost_cents
)
SELECT
    span.day, known.agent, known.runs, known.opened, known.merged, known.reverted,
    round((known.merged - known.reverted)::numeric / nullif(known.opened, 0), 3), known.cents
FROM known CROSS JOIN span
ON CONFLICT (tenant, snapshot_date, agent_name) DO UPDATE SET
    runs_30d = excluded.runs_30d, prs_opened_30d = excluded.prs_opened_30d, prs_merged_30d = excluded.prs_merged_30d,
    prs_reverted_30d = excluded.prs_reverted_30d, survival_rate = excluded.survival_rate,
    token_cost_cents = excluded.token_cost_cents
RETURNING agent_name
