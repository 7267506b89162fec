-- What the last look at the forges' own lists of deliveries found.
SELECT catch_up FROM tenants WHERE id = tally_tenant()
