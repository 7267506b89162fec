-- Takes away the sums of some buckets, to put new ones in their place.
DELETE FROM rollup_usage
WHERE tenant = tally_tenant() AND hours = %(size)s AND bucket = ANY(%(buckets)s)
