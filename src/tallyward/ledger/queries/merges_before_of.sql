-- The last merges of one project before a place, newest first.
SELECT place, seq, project, (payload ->> 'attempts')::integer AS attempts, payload ->> 'verdict' AS verdict, agent
FROM events_outbox
WHERE kind = 'phase.transition' AND target = 'merged' AND project = %(project)s AND place < %(place)s
ORDER BY place DESC
LIMIT %(limit)s
