-- Adds a token by its digest and writes the act to the audit trail.
WITH added AS (
    INSERT INTO api_tokens (name, digest, scopes, engineer_id, expires_at)
    VALUES (%(name)s, %(digest)s, %(scopes)s, %(engineer_id)s, %(expires_at)s)
    RETURNING id, name, scopes, engineer_id, expires_at, created_at, revoked_at, last_used_at
), event AS (
    SELECT tally_append_event('token.created', NULL, jsonb_build_object(
        'token_id', id, 'name', name, 'scopes', scopes, 'engineer_id', engineer_id, 'actor', %(actor)s::text)) AS event_id
    FROM added
)
SELECT added.* FROM added, event
