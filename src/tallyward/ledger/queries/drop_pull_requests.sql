-- Takes rows away that turned out to be the same pull request as another.
DELETE FROM pull_requests WHERE tenant = tally_tenant() AND id = ANY(%(ids)s)
