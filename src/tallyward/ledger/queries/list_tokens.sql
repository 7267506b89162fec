-- The tokens of the tenant, newest first. Sign-ins that have ended are left out, one a person and day; the audit trail has them.
SELECT id, name, scopes, engineer_id, created_at, expires_at, revoked_at, last_used_at
FROM api_tokens
WHERE tenant = tally_tenant()
  AND NOT (starts_with(name, 'sign-in ') AND expires_at IS NOT NULL AND (expires_at <= now() OR revoked_at IS NOT NULL))
ORDER BY id DESC
