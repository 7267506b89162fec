-- The merged pull requests that say they take these back, each with whether it was taken back itself.
-- `repo || ''` keeps PostgreSQL from reading all of a repository by its name, where a commit finds the one row.
WITH asked AS MATERIALIZED (
    SELECT p.id, p.repo, p.number, p.state, p.merged_at, p.merge_sha, p.head_sha, p.reverted_at, p.reverted_by, p.told
    FROM pull_requests AS p
    WHERE p.tenant = tally_tenant() AND p.id = ANY(%(ids)s)
), short AS MATERIALIZED (
    SELECT k.id, k.repo, k.reverts_sha FROM pull_requests AS k
    WHERE k.tenant = tally_tenant() AND k.reverts_sha > '' AND length(k.reverts_sha) < 40
), named AS (
    SELECT a.id, k.id AS taker FROM asked AS a JOIN pull_requests AS k
        ON k.tenant = tally_tenant() AND k.repo = a.repo AND k.reverts_number = a.number
    UNION
    SELECT a.id, k.id FROM asked AS a JOIN pull_requests AS k
        ON k.tenant = tally_tenant() AND k.reverts_sha = a.merge_sha AND k.repo || '' = a.repo
    UNION
    SELECT a.id, k.id FROM asked AS a JOIN pull_requests AS k
        ON k.tenant = tally_tenant() AND k.reverts_sha = a.head_sha AND k.repo || '' = a.repo
    UNION
    SELECT a.id, k.id FROM asked AS a JOIN short AS k
        ON k.repo = a.repo AND (starts_with(a.merge_sha, k.reverts_sha) OR starts_with(a.head_sha, k.reverts_sha))
)
SELECT
    a.id, a.state, a.merged_at, a.reverted_at, a.reverted_by, a.told -> 'undone' AS undone,
    k.number AS taker_number, k.merge_sha AS taker_sha, k.merged_at AS taker_merged_at,
    k.reverted_at IS NOT NULL AS taker_undone
FROM asked AS a
LEFT JOIN named AS n ON n.id = a.id AND n.taker <> a.id
LEFT JOIN pull_requests AS k ON k.tenant = tally_tenant() AND k.id = n.taker AND k.state = 'merged'
ORDER BY a.id
