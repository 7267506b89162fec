-- The rows that are, or may be, the pull requests of these keys: by number of the repository, by its name, or by the
-- merge. `repo || ''` is as in takers_of.
WITH keys AS (
    SELECT DISTINCT * FROM json_to_recordset(%(keys)s) AS k (forge text, repo text, repo_id bigint, number integer, merge_sha text)
), found AS (
    SELECT p.id FROM keys AS k JOIN pull_requests AS p
        ON p.tenant = tally_tenant() AND p.forge = k.forge AND p.repo_id = k.repo_id AND p.number = k.number
    UNION
    SELECT p.id FROM keys AS k JOIN pull_requests AS p
        ON p.tenant = tally_tenant() AND p.repo = k.repo AND p.number = k.number
    UNION
    SELECT p.id FROM keys AS k JOIN pull_requests AS p
        ON p.tenant = tally_tenant() AND p.merge_sha = k.merge_sha AND p.repo || '' = k.repo
)
SELECT
    p.id, p.forge, p.repo, p.repo_id, p.number, p.state, p.head_branch, p.base_branch, p.head_sha, p.merge_sha, p.author,
    p.draft, p.labels, p.opened_at, p.closed_at, p.merged_at, p.changed_paths, p.conflicted, p.reverts_something,
    p.reverts_number, p.reverts_sha, p.agent, p.seen_by, p.told
FROM pull_requests AS p
WHERE p.tenant = tally_tenant() AND p.id IN (SELECT id FROM found)
ORDER BY p.id
