-- Agents whose work was merged, each found by the index after the one before.
WITH RECURSIVE found AS (
    (
        SELECT agent FROM events_outbox
        WHERE kind = 'phase.transition' AND target = 'merged' AND agent IS NOT NULL
        ORDER BY agent LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT e.agent FROM events_outbox AS e
        WHERE e.kind = 'phase.transition' AND e.target = 'merged' AND e.agent IS NOT NULL AND e.agent > found.agent
        ORDER BY e.agent LIMIT 1
    )
    FROM found WHERE found.agent IS NOT NULL
)
SELECT agent FROM found WHERE agent IS NOT NULL LIMIT %(limit)s
