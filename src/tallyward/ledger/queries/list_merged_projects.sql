-- Projects in which something was merged.
SELECT DISTINCT project FROM events_outbox WHERE kind = 'phase.transition' AND target = 'merged' ORDER BY project
