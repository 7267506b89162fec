-- The role that Grafana reads with: every table of the ledger but tokens and audit, nothing to write, one tenant by default.
-- Run it as a superuser of the database, and again after an upgrade that brings tables. Then: \password tally_reader
DO $$
DECLARE
    name text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tally_reader') THEN
        CREATE ROLE tally_reader LOGIN;
    END IF;
    GRANT USAGE ON SCHEMA public TO tally_reader;
    -- Each of these has a tenant in its rows and row-level security, so the role sees the tenant that it has said.
    FOR name IN
        SELECT c.relname
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'tenant' AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
            AND c.relname NOT IN ('api_tokens', 'events_outbox', 'webhook_secrets')
    LOOP
        EXECUTE format('GRANT SELECT ON %I TO tally_reader', name);
    END LOOP;
END $$;
ALTER ROLE tally_reader SET default_transaction_read_only = on;
ALTER ROLE tally_reader SET statement_timeout = '30s';
-- Only a superuser may set this one for a role; Grafana has no other way to say a tenant.
ALTER ROLE tally_reader SET tally.tenant = 'default';
