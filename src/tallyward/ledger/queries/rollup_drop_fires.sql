-- Takes away the sums of some buckets, to put new ones in their place.
WITH by_engineer AS (
    DELETE FROM rollup_fires_by_engineer
    WHERE tenant = tally_tenant() AND hours = %(size)s AND bucket = ANY(%(buckets)s)
), by_person AS (
    DELETE FROM rollup_fires_by_person
    WHERE tenant = tally_tenant() AND hours = %(size)s AND bucket = ANY(%(buckets)s)
), by_place AS (
    DELETE FROM rollup_fires_by_place
    WHERE tenant = tally_tenant() AND hours = %(size)s AND bucket = ANY(%(buckets)s)
)
DELETE FROM rollup_fires_by_skill
WHERE tenant = tally_tenant() AND hours = %(size)s AND bucket = ANY(%(buckets)s)
