"""A ledger with a long history of merges, for the benchmarks that ask what it costs to have one."""

import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg

from tallyward.domain.access import Principal
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.ledger import embedded
from tallyward.ledger.database import Database
from tallyward.ledger.migrate import migrate
from tallyward.redact import Secret

MOVER = Principal(token_id=0, tenant=DEFAULT_TENANT, name="bench", scopes=frozenset({"admin"}))
# Each merge and the rates after it, as the service leaves them: two events a merge, one in five not at its first pass.
MERGES = """
    INSERT INTO events_outbox (kind, work_item_id, payload, seq, prev_hash, hash)
    SELECT CASE n %% 2 WHEN 1 THEN 'phase.transition' ELSE 'metric.rates' END,
        CASE n %% 2 WHEN 1 THEN n END,
        CASE n %% 2 WHEN 1 THEN jsonb_build_object(
            'project', 'p' || n / 2 %% 10, 'story_id', 'S-' || n, 'from', 'merge', 'target', 'merged',
            'attempts', 1 + (n / 2 %% 5 = 0)::int, 'verdict', 'approved', 'file_scope', jsonb_build_array('src/a.py'),
            'at', to_char(timestamp '2020-01-01' + n * interval '1 second', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        ) ELSE jsonb_build_object('merge_seq', n - 1, 'at', '2020-01-01T00:00:00.000000Z') END,
        n, '', ''
    FROM generate_series(1, %(events)s) AS n
"""
ITEMS = """
    INSERT INTO work_items (
        id, project, story_id, phase, attempts, last_verdict, file_scope, opened_at, updated_at, merged_at
    )
    SELECT work_item_id, project, payload ->> 'story_id', 'merged', (payload ->> 'attempts')::int, 'approved',
        '{src/a.py}', (payload ->> 'at')::timestamptz, (payload ->> 'at')::timestamptz, (payload ->> 'at')::timestamptz
    FROM events_outbox WHERE kind = 'phase.transition'
"""
# The chain of hashes, made as the ledger makes it.
CHAIN = """
    DO $$
    DECLARE one record; last bytea := '';
    BEGIN
        FOR one IN SELECT * FROM events_outbox ORDER BY seq LOOP
            UPDATE events_outbox SET prev_hash = last, hash = tally_event_hash(
                last, one.tenant, one.seq, one.created_at, one.kind, one.work_item_id, one.payload) WHERE id = one.id
            RETURNING hash INTO last;
        END LOOP;
    END $$
"""


@contextlib.asynccontextmanager
async def ledger_with(merges: int, *, chained: bool = False) -> AsyncIterator[Database]:
    """A ledger in a folder of its own that has seen so many merges."""
    with tempfile.TemporaryDirectory(prefix="tally-bench-") as name:
        cluster = embedded.start(Path(name))
        try:
            migrate(Secret(cluster.url()))
            _fill(cluster.url(), merges, chained=chained)
            database = Database(Secret(cluster.url()))
            await database.open()
            yield database
            await database.close()
        finally:
            cluster.stop()


def _fill(url: str, merges: int, *, chained: bool) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(MERGES, {"events": 2 * merges})
        connection.execute(ITEMS)
        connection.execute("SELECT setval(pg_get_serial_sequence('work_items', 'id'), %s)", (2 * merges,))
        if chained:
            connection.execute("ALTER TABLE events_outbox DISABLE TRIGGER events_outbox_append_only")
            connection.execute(CHAIN)
            connection.execute("ALTER TABLE events_outbox ENABLE TRIGGER events_outbox_append_only")
        connection.execute("VACUUM ANALYZE events_outbox")
        connection.execute("VACUUM ANALYZE work_items")
