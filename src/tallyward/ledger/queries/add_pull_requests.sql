-- Adds pull requests nobody has told of before.
INSERT INTO pull_requests (
    forge, repo, repo_id, number, state, head_branch, base_branch, head_sha, merge_sha, author, draft, labels, opened_at,
    closed_at, merged_at, updated_at, agent, agent_evidence, attempts, review_rounds, changed_paths, conflicted,
    reverts_something, reverts_number, reverts_sha, seen_by, told
)
SELECT
    r.forge, r.repo, r.repo_id, r.number, r.state, r.head_branch, r.base_branch, r.head_sha, r.merge_sha, r.author,
    r.draft, r.labels, r.opened_at, r.closed_at, r.merged_at, coalesce(r.updated_at, now()), r.agent, r.agent_evidence,
    r.attempts, r.review_rounds, r.changed_paths, r.conflicted, r.reverts_something, r.reverts_number, r.reverts_sha,
    r.seen_by, r.told
FROM json_to_recordset(%(rows)s) AS r (
    forge text, repo text, repo_id bigint, number integer, state text, head_branch text, base_branch text, head_sha text,
    merge_sha text, author text, draft boolean, labels text [], opened_at timestamptz, closed_at timestamptz,
    merged_at timestamptz, updated_at timestamptz, agent text, agent_evidence text, attempts integer,
    review_rounds integer, changed_paths text [], conflicted boolean, reverts_something boolean, reverts_number integer,
    reverts_sha text, seen_by text [], told jsonb
)
RETURNING id
