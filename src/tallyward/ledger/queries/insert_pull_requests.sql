-- Adds pull requests; one that is known is left as it is.
INSERT INTO pull_requests (repo, number, state, head_branch, base_branch, author, opened_at, closed_at, merged_at)
SELECT r.repo, r.number, r.state, r.head_branch, 'main', r.author, r.opened_at, r.closed_at, r.merged_at
FROM json_to_recordset(%(rows)s) AS r (
    repo text, number integer, state text, head_branch text, author text, opened_at timestamptz, closed_at timestamptz,
    merged_at timestamptz
)
ON CONFLICT DO NOTHING
