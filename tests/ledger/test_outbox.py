"""The audit trail: append-only, one hash chain per tenant, numbers without gaps, no reader ever passes an event by."""

import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
import pytest

from tallyward.ledger.queries import statement
from tests.waiting import eventually

# Somebody who knows how the hash is made, and does not make the rest of the chain anew.
REHASHED: LiteralString = """
    UPDATE events_outbox SET payload = '{}', hash = tally_event_hash(
        prev_hash, tenant, seq, created_at, kind, work_item_id, '{}'
    ) WHERE seq = 2
"""
Connection = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def speaking_for(url: str, tenant: str, role: str = "tally_app") -> Iterator[Connection]:
    """A transaction of `tenant`; the owner of the tables when `role` is empty."""
    with psycopg.connect(url) as connection:
        connection.execute("SELECT set_config('tally.tenant', %s, true)", (tenant,))
        if role:
            connection.execute("SET LOCAL ROLE tally_app")
        yield connection


@pytest.fixture
def tenant() -> str:
    """A tenant of this test alone."""
    return f"t{os.urandom(6).hex()}"


@pytest.fixture
def other(tenant: str) -> str:
    return f"{tenant}-other"


def append(url: str, number: int, tenant: str) -> None:
    with speaking_for(url, tenant) as connection:
        connection.execute("SELECT tally_append_event('test.happened', NULL, %s)", (json.dumps({"number": number}),))


def sequence(url: str, tenant: str) -> list[int]:
    with speaking_for(url, tenant) as connection:
        return [seq for (seq,) in connection.execute("SELECT seq FROM events_outbox ORDER BY seq")]


def first_broken(url: str, tenant: str) -> list[tuple[Any, ...]]:
    with speaking_for(url, tenant) as connection:
        return connection.execute(statement("verify_outbox")).fetchall()


def first_broken_of_the_last(events: int, url: str, tenant: str) -> list[tuple[Any, ...]]:
    with speaking_for(url, tenant) as connection:
        return connection.execute(statement("verify_outbox_end"), {"events": events}).fetchall()


@pytest.mark.parametrize("role", ["tally_app", ""], ids=["application", "owner"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events_outbox SET kind = 'other'",
        "UPDATE events_outbox SET payload = '{}' WHERE false",
        "DELETE FROM events_outbox",
        "DELETE FROM events_outbox WHERE false",
        "TRUNCATE events_outbox",
    ],
)
def test_no_event_is_changed_or_removed_by_anyone(
    shared_url: str, tenant: str, change: LiteralString, role: str
) -> None:
    append(shared_url, 1, tenant)
    with speaking_for(shared_url, tenant, role=role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(change)
    assert sequence(shared_url, tenant) == [1]


def test_every_tenant_has_a_chain_of_its_own_from_one_without_gaps(shared_url: str, tenant: str, other: str) -> None:
    for number in range(3):
        append(shared_url, number, tenant)
        append(shared_url, number, other)
    assert sequence(shared_url, tenant) == sequence(shared_url, other) == [1, 2, 3]
    assert first_broken(shared_url, tenant) == first_broken(shared_url, other) == []


def test_an_event_that_was_rolled_back_leaves_no_gap(shared_url: str, tenant: str) -> None:
    append(shared_url, 1, tenant)
    with speaking_for(shared_url, tenant) as connection:
        connection.execute("SELECT tally_append_event('test.undone', NULL, '{}')")
        connection.rollback()
    append(shared_url, 2, tenant)
    assert sequence(shared_url, tenant) == [1, 2]
    assert first_broken(shared_url, tenant) == []


def test_no_event_is_appended_by_a_session_that_named_no_tenant(shared_url: str, tenant: str) -> None:
    with speaking_for(shared_url, "") as connection, pytest.raises(psycopg.Error):
        connection.execute("SELECT tally_append_event('test.lost', NULL, '{}')")


def test_writers_at_once_give_an_order_without_gaps_and_a_whole_chain(shared_url: str, tenant: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: append(shared_url, number, tenant), range(80)))
    assert sequence(shared_url, tenant) == list(range(1, 81))
    assert first_broken(shared_url, tenant) == []


def test_a_reader_never_passes_an_event_that_is_committed_late(shared_url: str, tenant: str) -> None:
    append(shared_url, 1, tenant)
    fast = threading.Thread(target=append, args=[shared_url, 3, tenant])
    with speaking_for(shared_url, tenant) as slow:
        slow.execute("SELECT tally_append_event('test.slow', NULL, '{}')")
        fast.start()
        eventually(lambda: waiting(shared_url))
        assert sequence(shared_url, tenant) == [1], "the later event must not be seen before the earlier one"
    fast.join(10)
    assert sequence(shared_url, tenant) == [1, 2, 3]
    assert first_broken(shared_url, tenant) == []


def test_a_slow_transaction_of_one_tenant_holds_up_no_other(shared_url: str, tenant: str, other: str) -> None:
    with speaking_for(shared_url, tenant) as slow:
        slow.execute("SELECT tally_append_event('test.slow', NULL, '{}')")
        append(shared_url, 1, other)
    assert sequence(shared_url, other) == [1]


def waiting(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchall()


@pytest.mark.parametrize(
    ("tampering", "broken"),
    [
        ("UPDATE events_outbox SET payload = '{\"number\": 9}' WHERE seq = 3", 3),
        ("UPDATE events_outbox SET kind = 'test.other' WHERE seq = 2", 2),
        ("UPDATE events_outbox SET work_item_id = 7 WHERE seq = 4", 4),
        ("UPDATE events_outbox SET created_at = created_at - interval '1 day' WHERE seq = 3", 3),
        ("DELETE FROM events_outbox WHERE seq = 3", 4),
        ("DELETE FROM events_outbox WHERE seq = 1", 2),
        ("UPDATE events_outbox SET hash = sha256('x') WHERE seq = 5", 5),
        (REHASHED, 3),
    ],
)
def test_verifying_names_the_first_event_that_was_tampered_with(
    shared_url: str, tenant: str, tampering: LiteralString, broken: int
) -> None:
    for number in range(5):
        append(shared_url, number, tenant)
    with speaking_for(shared_url, tenant, role="") as owner:
        owner.execute("ALTER TABLE events_outbox DISABLE TRIGGER events_outbox_append_only")
        owner.execute(tampering)
        owner.execute("ALTER TABLE events_outbox ENABLE TRIGGER events_outbox_append_only")
    assert first_broken(shared_url, tenant) == [(broken,)]
    assert first_broken_of_the_last(5, shared_url, tenant) == [(broken,)]


@pytest.mark.parametrize(("events", "found"), [(1, []), (2, [(3,)]), (3, [(3,)]), (4, [(3,)])])
def test_the_end_of_a_chain_is_verified_with_its_link_to_what_is_before(
    shared_url: str, tenant: str, events: int, found: list[tuple[int]]
) -> None:
    for number in range(5):
        append(shared_url, number, tenant)
    assert first_broken_of_the_last(events, shared_url, tenant) == []
    with speaking_for(shared_url, tenant, role="") as owner:
        owner.execute("ALTER TABLE events_outbox DISABLE TRIGGER events_outbox_append_only")
        owner.execute("UPDATE events_outbox SET hash = sha256('x') WHERE seq = 3")
        owner.execute("ALTER TABLE events_outbox ENABLE TRIGGER events_outbox_append_only")

    assert first_broken_of_the_last(events, shared_url, tenant) == found


def test_the_chain_is_whole_in_every_time_zone_and_language(shared_url: str, tenant: str) -> None:
    append(shared_url, 1, tenant)
    with speaking_for(shared_url, tenant) as connection:
        connection.execute("SET LOCAL TimeZone = 'Asia/Kathmandu'; SET LOCAL DateStyle = 'German, DMY'")
        connection.execute("SET LOCAL extra_float_digits = -15; SET LOCAL lc_numeric = 'C'")
        connection.execute("SELECT tally_append_event('test.elsewhere', 5, '{\"é\": 1.50, \"a\": null}')")
        assert connection.execute(statement("verify_outbox")).fetchall() == []
    assert first_broken(shared_url, tenant) == []
