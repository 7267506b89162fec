-- The merged pull requests that say they take these back, each with whether it was taken back itself.
WITH asked AS (
    SELECT p.id, p.repo, p.number, p.state, p.merged_at, p.merge_sha, p.head_sha, p.reverted_at, p.reverted_by, p.told
    FROM pull_requests AS p
    WHERE p.tenant = tally_tenant() AND p.id = ANY(%(ids)s)
), named AS (
    SELECT a.id, k.id AS taker
    FROM asked AS a JOIN pull_requests AS k ON k.tenant = tally_tenant() AND k.repo = a.repo AND k.reverts_number = a.number
    UNION
    SELECT a.id, k.id
    FROM asked AS a
    CROSS JOIN LATERAL (
        SELECT left(sha, length) AS prefix
        FROM unnest(ARRAY[a.merge_sha, a.head_sha]) AS sha, generate_series(7, 40) AS length
        WHERE sha IS NOT NULL
    ) AS names
    JOIN pull_requests AS k ON k.tenant = tally_tenant() AND k.reverts_sha = names.prefix AND k.repo = a.repo
)
SELECT
    a.id, a.state, a.merged_at, a.reverted_at, a.reverted_by, a.told -> 'undone' AS undone,
    k.number AS taker_number, k.merge_sha AS taker_sha, k.merged_at AS taker_merged_at,
    k.reverted_at IS NOT NULL AS taker_undone
FROM asked AS a
LEFT JOIN named AS n ON n.id = a.id AND n.taker <> a.id
LEFT JOIN pull_requests AS k ON k.tenant = tally_tenant() AND k.id = n.taker AND k.state = 'merged'
ORDER BY a.id
