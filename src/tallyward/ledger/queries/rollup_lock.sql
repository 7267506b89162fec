-- Waits until no writer is under way, and holds off the next ones until this transaction ends.
SELECT pg_advisory_xact_lock(rollup_lock_number())
