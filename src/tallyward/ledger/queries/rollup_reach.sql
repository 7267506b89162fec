-- How far the sums of a tenant reach, and what is out of date.
SELECT
    s.sealed_until, s.raw_from,
    (SELECT count(DISTINCT (m.family, m.hour)) FROM rollup_marks AS m WHERE m.tenant = s.tenant AND m.hour < s.sealed_until)
        AS marked_hours,
    (SELECT coalesce(max(m.id), 0) FROM rollup_marks AS m WHERE m.tenant = s.tenant) AS last_mark
FROM rollup_state AS s
WHERE s.tenant = tally_tenant()
