-- Lets one transaction of this tenant at a time read what it will append to the outbox by.
SELECT pg_advisory_xact_lock(hashtextextended('tally.outbox.' || tally_tenant(), 0))
