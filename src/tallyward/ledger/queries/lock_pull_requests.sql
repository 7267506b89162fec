-- Lets one transaction of the tenant at a time take pull requests in: two that take each other back must see each other.
SELECT pg_advisory_xact_lock(hashtextextended('pull_requests/' || tally_tenant(), 0))
