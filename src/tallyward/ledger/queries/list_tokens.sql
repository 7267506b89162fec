-- The tokens of the tenant, newest first.
SELECT id, name, scopes, engineer_id, created_at, expires_at, revoked_at, last_used_at
FROM api_tokens WHERE tenant = tally_tenant() ORDER BY id DESC
