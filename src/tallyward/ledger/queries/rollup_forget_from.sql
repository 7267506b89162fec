-- From here on, what is before a moment is never summed anew. No writer is under way; a mark left meanwhile stops it.
UPDATE rollup_state AS s SET raw_from = %(horizon)s
WHERE s.tenant = tally_tenant() AND s.raw_from < %(horizon)s AND s.sealed_until >= %(horizon)s AND NOT EXISTS (
    SELECT FROM rollup_marks AS m WHERE m.tenant = s.tenant AND m.hour >= s.raw_from AND m.hour < %(horizon)s
)
