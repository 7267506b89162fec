-- One metered request for each prompt of the made-up year, of the session and prompt that it has.
INSERT INTO cost_ledger (
    request_key, ts, model, runtime, engineer_id, input_tokens, cache_read_tokens, cache_write_5m_tokens, output_tokens,
    cost_micros, session_id, prompt_id, repo, seen_by
)
SELECT
    'request-' || id, ts + interval '1 second', model, runtime, engineer_id, id %% 900, 20000 + id %% 70000, id %% 4000,
    id %% 1500, CASE WHEN id %% 50 > 0 THEN 9000 + id %% 90000 END, session_id, prompt_id, repo, ARRAY['transcript']
FROM skill_invocations
WHERE tenant = tally_tenant() AND kind = 'session' AND ts >= %(since)s AND ts < %(until)s
ORDER BY ts
