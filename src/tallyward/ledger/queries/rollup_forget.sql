-- Deletes some rows that are kept as sums for good.
SELECT rollup_forget(%(limit)s) AS deleted
