-- The sealed secrets that sign for the tenant now.
SELECT id, sealed FROM webhook_secrets
WHERE tenant = tally_tenant() AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) ORDER BY id DESC
