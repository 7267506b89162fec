-- Pull requests to which something happened in a range, or that are open, the latest first: one page of them.
SELECT
    repo, number, state, agent, agent_evidence, author, head_branch, base_branch, labels, opened_at, closed_at, merged_at,
    reverted_at, reverted_by, review_rounds, conflicted, cardinality(changed_paths) AS files, seen_by, merge_sha,
    CASE WHEN seen_by && '{webhook,sync}' OR review_rounds > 0 OR told ->> 'attempts' IS NOT NULL THEN attempts END AS attempts,
    count(*) OVER () AS total
FROM pull_requests
WHERE tenant = tally_tenant()
    AND (%(engineer)s::text IS NULL OR author = %(engineer)s)
    AND (%(repo)s::text IS NULL OR repo = %(repo)s)
    AND (%(agent)s::text IS NULL OR coalesce(agent, '(people)') = %(agent)s)
    AND (
        %(state)s::text IS NULL OR state = %(state)s OR (%(state)s = 'reverted' AND reverted_at IS NOT NULL)
    )
    AND (NOT %(agents_only)s OR agent IS NOT NULL)
    AND (%(q)s::text IS NULL OR strpos(lower(concat_ws(' ', repo, head_branch, agent, '#' || number)), lower(%(q)s)) > 0)
    AND (
        state = 'open' OR (opened_at >= %(since)s::timestamptz AND opened_at < %(until)s::timestamptz)
        OR (closed_at >= %(since)s::timestamptz AND closed_at < %(until)s::timestamptz)
        OR (merged_at >= %(since)s::timestamptz AND merged_at < %(until)s::timestamptz)
    )
ORDER BY coalesce(merged_at, closed_at, opened_at, updated_at) DESC, id DESC
LIMIT %(limit)s OFFSET %(offset)s
