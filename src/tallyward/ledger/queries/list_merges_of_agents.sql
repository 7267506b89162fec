-- The last merges of each of some agents, newest first.
SELECT merge.place, merge.seq, merge.project, merge.attempts, merge.verdict, named.agent
FROM unnest(%(agents)s::text[]) AS named (agent), LATERAL (
    SELECT e.place, e.seq, e.project, (e.payload ->> 'attempts')::integer AS attempts, e.payload ->> 'verdict' AS verdict
    FROM events_outbox AS e
    WHERE e.kind = 'phase.transition' AND e.target = 'merged' AND e.agent = named.agent
    ORDER BY e.place DESC
    LIMIT %(limit)s
) AS merge
ORDER BY named.agent, merge.place DESC
