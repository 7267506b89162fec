-- Work items, all or the ones that are named, that are not what the outbox makes of them, with the columns that differ.
SELECT coalesce(kept.project, remade.project) AS project, coalesce(kept.story_id, remade.story_id) AS story_id,
    CASE WHEN kept.id IS NULL THEN ARRAY['missing'] WHEN remade.id IS NULL THEN ARRAY['not in the outbox'] ELSE ARRAY(
        SELECT now.key FROM jsonb_each(to_jsonb(kept) - 'tenant') AS now
        WHERE now.value IS DISTINCT FROM to_jsonb(remade) -> now.key ORDER BY now.key
    ) END AS differs,
    coalesce(kept.id, remade.id) AS id
FROM (
    SELECT * FROM work_items WHERE %(ids)s::bigint[] IS NULL OR id = ANY (%(ids)s::bigint[])
) AS kept FULL JOIN remade_work_items AS remade ON remade.id = kept.id
WHERE kept.id IS NULL OR remade.id IS NULL OR to_jsonb(kept) - 'tenant' <> to_jsonb(remade)
ORDER BY 1, 2
