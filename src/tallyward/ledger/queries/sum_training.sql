-- For each action and each piece of work until its outcome: how often it was decided, and what came of the work.
SELECT
    action, coalesce(dry_run, false) AS dry_run, work, outcome_place, outcome, resolution_hours, count(*) AS decisions
FROM training_rows
WHERE at >= %(since)s AND at < %(until)s AND action IS NOT NULL
GROUP BY action, coalesce(dry_run, false), work, outcome_place, outcome, resolution_hours
ORDER BY action, dry_run, work, outcome_place
