-- Calls the pull requests of a repository what it is called now, unless a later word says otherwise.
UPDATE pull_requests AS p
SET repo = %(repo)s, told = jsonb_set(p.told, '{stamps, repo}', to_jsonb(%(stamp)s::text))
WHERE p.tenant = tally_tenant() AND p.repo_id = %(repo_id)s AND p.repo = %(was)s
  AND coalesce(p.told -> 'stamps' ->> 'repo', '') COLLATE "C" < %(stamp)s COLLATE "C"
RETURNING p.id
