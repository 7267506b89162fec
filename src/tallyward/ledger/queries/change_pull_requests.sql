-- Writes pull requests as they stand after what was told of them.
UPDATE pull_requests AS p SET
    forge = r.forge, repo = r.repo, repo_id = r.repo_id, number = r.number, state = r.state, head_branch = r.head_branch,
    base_branch = r.base_branch, head_sha = r.head_sha, merge_sha = r.merge_sha, author = r.author, draft = r.draft,
    labels = r.labels, opened_at = r.opened_at, closed_at = r.closed_at, merged_at = r.merged_at,
    updated_at = coalesce(r.updated_at, p.updated_at), agent = r.agent, agent_evidence = r.agent_evidence,
    attempts = r.attempts, review_rounds = r.review_rounds, changed_paths = r.changed_paths, conflicted = r.conflicted,
    reverts_something = r.reverts_something, reverts_number = r.reverts_number, reverts_sha = r.reverts_sha,
    seen_by = r.seen_by, told = r.told
FROM json_to_recordset(%(rows)s) AS r (
    id bigint, forge text, repo text, repo_id bigint, number integer, state text, head_branch text, base_branch text, head_sha text,
    merge_sha text, author text, draft boolean, labels text [], opened_at timestamptz, closed_at timestamptz,
    merged_at timestamptz, updated_at timestamptz, agent text, agent_evidence text, attempts integer,
    review_rounds integer, changed_paths text [], conflicted boolean, reverts_something boolean, reverts_number integer,
    reverts_sha text, seen_by text [], told jsonb
)
WHERE p.tenant = tally_tenant() AND p.id = r.id
RETURNING p.id
