-- Decisions by when they were taken, and what they were, without reading them.
CREATE INDEX events_outbox_decided ON events_outbox (tenant, place, action) WHERE kind = 'pull_request.decision';
