-- The tenant this transaction speaks for.
SELECT id, label, sample, arg_key, created_at FROM tenants WHERE id = tally_tenant()
