-- Notes what a look at the forges' own lists of deliveries found.
UPDATE tenants SET catch_up = %(found)s::jsonb WHERE id = tally_tenant()
