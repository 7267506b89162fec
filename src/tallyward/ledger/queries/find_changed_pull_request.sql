-- A pull request by its row, unless the shepherd has looked at it since a moment.
SELECT p.repo, p.number FROM pull_requests AS p
WHERE p.id = %(pull_request)s AND p.number IS NOT NULL AND NOT EXISTS (
    SELECT FROM events_outbox AS e
    WHERE e.kind = 'pull_request.decision' AND e.subject = p.forge || ':' || coalesce(p.repo_id::text, p.repo) || '#' || p.number
        AND e.created_at >= to_timestamp(%(since)s)
)
