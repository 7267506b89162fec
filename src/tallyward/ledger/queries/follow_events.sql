-- Events after a place in the chain, in its order; of some kinds or of all.
SELECT seq, created_at, kind, work_item_id, payload, encode(hash, 'hex') AS hash
FROM events_outbox
WHERE seq > %(after)s AND (%(kinds)s::text[] IS NULL OR kind = ANY (%(kinds)s))
ORDER BY seq
LIMIT %(limit)s
