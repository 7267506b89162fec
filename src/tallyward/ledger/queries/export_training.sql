-- Every decision of a span of time with its state and outcome, in an order that is always the same.
SELECT
    source, at, forge, repo, pr, observed_at, state, candidates, action, probability, reason, policy, dry_run, attempts,
    outcome, outcome_detail, resolution_hours, ended_at, outcome IS NULL AS censored,
    subject, decision, decided_at, trust, held, agent, head_seen_at
FROM training_rows
WHERE at >= %(since)s AND at < %(until)s
ORDER BY at, source, place, work
