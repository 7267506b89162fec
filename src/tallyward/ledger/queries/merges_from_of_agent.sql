-- Merges of one agent from a place on, oldest first.
SELECT place, seq, project, (payload ->> 'attempts')::integer AS attempts, payload ->> 'verdict' AS verdict, agent
FROM events_outbox
WHERE kind = 'phase.transition' AND target = 'merged' AND agent = %(agent)s AND place >= %(place)s
ORDER BY place
LIMIT %(limit)s
