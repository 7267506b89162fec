-- Ends a token by its number or its name and writes the act to the audit trail. A token that has ended is not ended twice.
WITH ended AS (
    UPDATE api_tokens SET revoked_at = now()
    WHERE tenant = tally_tenant() AND revoked_at IS NULL AND (id = %(id)s OR name = %(name)s)
    RETURNING id, name, scopes, engineer_id, expires_at, created_at, revoked_at, last_used_at
), event AS (
    SELECT ended.id, tally_append_event('token.revoked', NULL, jsonb_build_object(
        'token_id', ended.id, 'name', ended.name, 'actor', %(actor)s::text)) AS event_id
    FROM ended
)
SELECT ended.* FROM ended JOIN event USING (id)
