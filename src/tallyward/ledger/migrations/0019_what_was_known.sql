-- What else was known at a decision: whose work it was, how far that agent was trusted, and what its work was held by.

CREATE OR REPLACE VIEW training_rows WITH (security_invoker = true) AS
SELECT
    'decision' AS source, d.created_at AS at, d.seq AS place, d.subject AS work, d.payload ->> 'forge' AS forge,
    d.payload ->> 'repo' AS repo, (d.payload ->> 'number')::integer AS pr, d.payload -> 'state' AS state,
    d.created_at AS observed_at, d.payload -> 'candidates' AS candidates, d.action,
    (d.payload ->> 'probability')::double precision AS probability, d.payload ->> 'reason' AS reason,
    d.payload ->> 'policy' AS policy, (d.payload ->> 'dry_run')::boolean AS dry_run, d.payload -> 'attempts' AS attempts,
    o.seq AS outcome_place, o.payload ->> 'result' AS outcome, o.payload ->> 'detail' AS outcome_detail,
    (o.payload ->> 'resolution_hours')::double precision AS resolution_hours, o.created_at AS ended_at,
    d.subject, d.payload ->> 'id' AS decision, (d.payload ->> 'at')::timestamptz AS decided_at, d.payload ->> 'trust' AS trust,
    d.payload ->> 'held' AS held, d.agent::text AS agent, (d.payload ->> 'head_seen_at')::timestamptz AS head_seen_at
FROM events_outbox AS d
LEFT JOIN LATERAL (
    SELECT e.seq, e.payload, e.created_at
    FROM events_outbox AS e
    WHERE e.kind = 'pull_request.outcome' AND e.subject = d.subject AND e.seq > d.seq
    ORDER BY e.seq
    LIMIT 1
) AS o ON true
WHERE d.kind = 'pull_request.decision'
UNION ALL
SELECT
    'points', a.ts, a.ns, a.repo_key || '#' || a.pr, NULL, a.repo, a.pr, s.fields, s.ts, NULL, a.fields ->> 'action', NULL,
    a.fields ->> 'reason', NULL, NULL, NULL, o.ns, o.fields ->> 'result', o.fields ->> 'detail',
    (o.fields ->> 'resolution_hours')::double precision, o.ts, NULL, NULL, a.ts, NULL, NULL, NULL, NULL
FROM series_points AS a
LEFT JOIN LATERAL (
    SELECT p.fields, p.ts
    FROM series_points AS p
    WHERE p.measurement = 'pr_observation' AND p.repo_key = a.repo_key AND p.pr = a.pr AND p.ns <= a.ns
    ORDER BY p.ns DESC, p.series
    LIMIT 1
) AS s ON true
LEFT JOIN LATERAL (
    SELECT p.fields, p.ts, p.ns
    FROM series_points AS p
    WHERE p.measurement = 'outcome' AND p.repo_key = a.repo_key AND p.pr = a.pr AND p.ns >= a.ns
    ORDER BY p.ns, p.series
    LIMIT 1
) AS o ON true
WHERE a.measurement = 'action_taken' AND NOT EXISTS (
    SELECT FROM events_outbox AS e
    WHERE e.kind = 'pull_request.decision' AND replace(e.payload ->> 'repo', '/', '_') = a.repo_key
        AND (e.payload ->> 'number')::integer = a.pr AND (e.payload ->> 'at')::timestamptz = a.ts
);
