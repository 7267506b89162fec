-- Sums of some buckets by engineer and kind, from the sums of the same buckets by name.
INSERT INTO rollup_fires_by_person (hours, bucket, engineer_id, kind, fires, successful, errors, abandoned)
SELECT
    r.hours, r.bucket, r.engineer_id, r.kind, sum(r.fires), sum(r.successful), sum(r.errors), sum(r.abandoned)
FROM rollup_fires_by_engineer AS r
WHERE r.tenant = tally_tenant() AND r.hours = %(size)s AND r.bucket >= %(since)s AND r.bucket < %(until)s
    AND r.bucket = ANY(%(buckets)s)
GROUP BY r.hours, r.bucket, r.engineer_id, r.kind
ORDER BY r.bucket
