-- How the last pull requests ended that were taken care of, newest first.
SELECT payload FROM events_outbox WHERE kind = 'pull_request.outcome' ORDER BY seq DESC LIMIT %(limit)s
