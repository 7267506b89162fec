-- Calls all pull requests of these repositories what the latest word calls them, where some are called otherwise.
WITH several AS MATERIALIZED (
    SELECT asked.forge, asked.repo_id
    FROM json_to_recordset(%(repositories)s) AS asked (forge text, repo_id bigint)
    CROSS JOIN LATERAL (
        SELECT min(p.repo) <> max(p.repo) AS differ FROM pull_requests AS p
        WHERE p.tenant = tally_tenant() AND p.forge = asked.forge AND p.repo_id = asked.repo_id
    ) AS names
    WHERE names.differ
), latest AS MATERIALIZED (
    SELECT DISTINCT ON (p.forge, p.repo_id) p.forge, p.repo_id, p.repo, p.told -> 'stamps' -> 'repo' AS stamp
    FROM pull_requests AS p JOIN several USING (forge, repo_id)
    WHERE p.tenant = tally_tenant()
    ORDER BY p.forge, p.repo_id, p.told -> 'stamps' ->> 'repo' COLLATE "C" DESC NULLS LAST, p.repo DESC
)
UPDATE pull_requests AS p
SET repo = latest.repo, told = jsonb_set(p.told, '{stamps, repo}', latest.stamp)
FROM latest
WHERE p.tenant = tally_tenant() AND p.forge = latest.forge AND p.repo_id = latest.repo_id AND p.repo <> latest.repo
