-- Takes away the marks that were seen of hours that are summed now, and of those that are never summed again.
DELETE FROM rollup_marks AS m
USING rollup_state AS s
WHERE s.tenant = tally_tenant() AND m.tenant = tally_tenant() AND m.family = %(family)s AND m.id <= %(last_mark)s
    AND (m.hour = ANY(%(hours)s) OR m.hour < s.raw_from)
