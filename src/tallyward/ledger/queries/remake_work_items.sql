-- What work items must be by the outbox, each as its last step left it: all of them, or the ones that are named.
CREATE TEMPORARY TABLE remade_work_items ON COMMIT DROP AS
SELECT last.work_item_id AS id, last.project, last.payload ->> 'story_id' AS story_id, last.target AS phase,
    (last.payload ->> 'attempts')::integer AS attempts, last.payload ->> 'verdict' AS last_verdict,
    ARRAY(SELECT jsonb_array_elements_text(last.payload -> 'file_scope')) AS file_scope, last.agent::text AS agent,
    (first.payload ->> 'at')::timestamptz AS opened_at, (last.payload ->> 'at')::timestamptz AS updated_at,
    CASE last.target WHEN 'merged' THEN (last.payload ->> 'at')::timestamptz END AS merged_at
FROM (
    SELECT work_item_id, min(seq) AS first_seq, max(seq) AS last_seq
    FROM events_outbox
    WHERE kind = 'phase.transition' AND (%(ids)s::bigint[] IS NULL OR work_item_id = ANY (%(ids)s::bigint[]))
    GROUP BY work_item_id
) AS item
JOIN events_outbox AS first ON first.seq = item.first_seq AND first.tenant = (SELECT tally_tenant())
JOIN events_outbox AS last ON last.seq = item.last_seq AND last.tenant = (SELECT tally_tenant())
