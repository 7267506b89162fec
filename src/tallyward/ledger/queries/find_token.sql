-- The row of a presented token: knowing its digest is what makes it visible.
SELECT t.id, t.name, t.tenant, t.scopes, t.engineer_id, t.expires_at
FROM api_tokens AS t
WHERE t.digest = %(digest)s AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
