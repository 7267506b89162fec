-- The rows of the pull requests that deliveries are about: by their number, or the open ones whose head a check is of.
SELECT DISTINCT p.id
FROM jsonb_to_recordset(%(told)s::jsonb) AS told (repo text, number bigint, sha text)
INNER JOIN pull_requests AS p
    ON p.repo = told.repo
        AND (p.number = told.number OR (told.number IS NULL AND p.head_sha = told.sha AND p.state = 'open'))
ORDER BY p.id
