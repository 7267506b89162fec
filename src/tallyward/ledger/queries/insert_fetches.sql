-- Adds file reads that are new; those whose key is known are left out of the answer.
INSERT INTO context_fetches (ts, agent_name, file_path, repo, fetch_key)
SELECT r.ts, r.agent_name, r.file_path, r.repo, r.fetch_key
FROM json_to_recordset(%(rows)s) AS r (ts timestamptz, agent_name text, file_path text, repo text, fetch_key text)
ON CONFLICT (tenant, fetch_key) DO NOTHING
RETURNING fetch_key, id
