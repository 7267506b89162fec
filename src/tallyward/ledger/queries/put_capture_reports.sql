-- Keeps the books of a machine in place of those it sent before. Books that come late, after newer ones, change nothing.
INSERT INTO capture_reports AS c (
    machine, day, engineer_id, waiting, stored, duplicate, refused, lost, losses, hook_ms, version
)
SELECT
    %(machine)s, r.day, r.engineer_id, r.waiting, r.stored, r.duplicate, r.refused, r.lost, r.losses,
    r.hook_ms, %(version)s
FROM json_to_recordset(%(rows)s) AS r (
    day date, engineer_id text, waiting bigint, stored bigint, duplicate bigint, refused bigint, lost bigint,
    losses jsonb, hook_ms bigint []
)
ORDER BY r.day, r.engineer_id
ON CONFLICT (tenant, machine, day, engineer_id) DO UPDATE SET
    waiting = excluded.waiting, stored = excluded.stored, duplicate = excluded.duplicate, refused = excluded.refused,
    lost = excluded.lost, losses = excluded.losses, hook_ms = coalesce(excluded.hook_ms, c.hook_ms),
    version = excluded.version, reported_at = now()
WHERE excluded.stored + excluded.duplicate + excluded.refused + excluded.lost
    >= c.stored + c.duplicate + c.refused + c.lost
RETURNING day
