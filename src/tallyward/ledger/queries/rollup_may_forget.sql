-- Whether all rows of before a moment are kept as sums, and may be forgotten.
SELECT s.tenant
FROM rollup_state AS s
WHERE s.tenant = tally_tenant() AND s.raw_from < %(horizon)s AND s.sealed_until >= %(horizon)s AND NOT EXISTS (
    SELECT FROM rollup_marks AS m WHERE m.tenant = s.tenant AND m.hour >= s.raw_from AND m.hour < %(horizon)s
)
