-- The pull requests that these say they take back. `repo || ''` is as in takers_of.
WITH takers AS (
    SELECT p.id, p.repo, p.reverts_number, p.reverts_sha
    FROM pull_requests AS p
    WHERE p.tenant = tally_tenant() AND p.id = ANY(%(ids)s) AND (p.reverts_number IS NOT NULL OR p.reverts_sha IS NOT NULL)
)
SELECT t.id FROM takers AS k JOIN pull_requests AS t
    ON t.tenant = tally_tenant() AND t.repo = k.repo AND t.number = k.reverts_number
UNION
SELECT t.id FROM takers AS k JOIN pull_requests AS t
    ON t.tenant = tally_tenant() AND t.merge_sha = k.reverts_sha AND t.repo || '' = k.repo
UNION
SELECT t.id FROM takers AS k JOIN pull_requests AS t
    ON t.tenant = tally_tenant() AND t.head_sha = k.reverts_sha AND t.repo || '' = k.repo
UNION
SELECT t.id FROM takers AS k JOIN pull_requests AS t
    ON t.tenant = tally_tenant() AND t.repo = k.repo AND length(k.reverts_sha) < 40
    AND (starts_with(t.merge_sha, k.reverts_sha) OR starts_with(t.head_sha, k.reverts_sha))
