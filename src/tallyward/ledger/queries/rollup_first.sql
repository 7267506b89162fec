-- The first hour of which there is a row or a sum.
SELECT least(
    (SELECT rollup_hour(min(ts)) FROM skill_invocations WHERE tenant = tally_tenant() AND ts >= '2000-01-01 00:00:00+00'),
    (SELECT rollup_hour(min(ts)) FROM cost_ledger WHERE tenant = tally_tenant() AND ts >= '2000-01-01 00:00:00+00'),
    (SELECT min(bucket) FROM rollup_fires_by_skill WHERE tenant = tally_tenant() AND hours = 1),
    (SELECT min(bucket) FROM rollup_usage WHERE tenant = tally_tenant() AND hours = 1)
) AS hour
