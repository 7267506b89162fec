-- What was decided beside what came of it: decisions of our own from the outbox, those of others from their points.

ALTER TABLE series_points ADD COLUMN repo_key text GENERATED ALWAYS AS (replace(repo, '/', '_')) STORED;
COMMENT ON COLUMN series_points.repo_key IS 'The repository with _ for /, as the capture script writes it: what points of one pull request are joined by.';
DROP INDEX series_points_work;
CREATE INDEX series_points_work ON series_points (tenant, measurement, repo_key, pr, ns);
CREATE INDEX events_outbox_outcomes ON events_outbox (tenant, subject, seq) WHERE kind = 'pull_request.outcome';

CREATE VIEW training_rows WITH (security_invoker = true) AS
SELECT
    'decision' AS source, d.created_at AS at, d.seq AS place, d.subject AS work, d.payload ->> 'forge' AS forge,
    d.payload ->> 'repo' AS repo, (d.payload ->> 'number')::integer AS pr, d.payload -> 'state' AS state,
    d.created_at AS observed_at, d.payload -> 'candidates' AS candidates, d.action,
    (d.payload ->> 'probability')::double precision AS probability, d.payload ->> 'reason' AS reason,
    d.payload ->> 'policy' AS policy, (d.payload ->> 'dry_run')::boolean AS dry_run, d.payload -> 'attempts' AS attempts,
    o.seq AS outcome_place, o.payload ->> 'result' AS outcome, o.payload ->> 'detail' AS outcome_detail,
    (o.payload ->> 'resolution_hours')::double precision AS resolution_hours, o.created_at AS ended_at
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
    (o.fields ->> 'resolution_hours')::double precision, o.ts
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
COMMENT ON VIEW training_rows IS 'Every decision about a pull request with the state that was known then and the first outcome after it: decisions of our own, and actions of others that were written as points. An open one has no outcome yet.';
GRANT SELECT ON training_rows TO tally_app;
