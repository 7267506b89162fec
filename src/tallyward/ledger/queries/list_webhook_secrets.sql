-- The secrets of the tenant without the secrets themselves, newest first.
SELECT id, name, created_at, expires_at, revoked_at FROM webhook_secrets WHERE tenant = tally_tenant() ORDER BY id DESC
