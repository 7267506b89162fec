"""However sightings arrive at a real PostgreSQL, in any order, split, repeated, by one server or two: the same rows."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallyward.domain.fire import Fire, FireIn, merge
from tallyward.ledger.database import Database
from tallyward.ledger.writer import Writer
from tallyward.redact import Secret
from tests.ledger.stored import stored
from tests.sightings import fire, sightings

KEYS = ("k1", "k2", "K3", "é")
MANY = st.lists(sightings(KEYS), min_size=1, max_size=12)
SLOW = settings(max_examples=50, deadline=None)
_tenants = count()


def expected(rows: Sequence[FireIn]) -> dict[str, Fire]:
    found: dict[str, Fire] = {}
    for row in rows:
        one = fire(row)
        found[one.fire_key] = merge(found[one.fire_key], one) if one.fire_key in found else one
    return found


def split(rows: Sequence[Fire], chance: Random) -> list[list[Fire]]:
    """The rows in their order, cut into batches anyhow."""
    batches: list[list[Fire]] = [[]]
    for row in rows:
        if chance.random() < 0.4:
            batches.append([])
        batches[-1].append(row)
    return [batch for batch in batches if batch]


@dataclass(frozen=True)
class Servers:
    """Two servers on one database, in one loop that outlives the examples of a test."""

    loop: asyncio.Runner
    writers: Sequence[Writer]
    database: Database

    async def take(self, rows: Sequence[FireIn], chance: Random, number: int) -> None:
        """Sends every row twice in a shuffled order, in parts, all at once, and compares what is stored."""
        tenant = f"t{next(_tenants)}"
        sent = [fire(row) for row in (*rows, *rows)]
        chance.shuffle(sent)
        parts = [(chance.choice(self.writers[:number]), batch) for batch in split(sent, chance)]
        answers = await asyncio.gather(*(writer.store(tenant, batch) for writer, batch in parts))
        found = await stored(self.database, tenant)
        assert {key: one for key, (_, one) in found.items()} == expected(rows)
        told = {
            (row.fire_key, id_)
            for (_, batch), ids in zip(parts, answers, strict=True)
            for row, id_ in zip(batch, ids, strict=True)
        }
        assert told == {(key, id_) for key, (id_, _) in found.items()}


@pytest.fixture(scope="module")
def servers(shared_url: str) -> Iterator[Servers]:
    with asyncio.Runner() as loop:
        database = Database(Secret(shared_url))
        writers = [Writer(database), Writer(database)]
        loop.run(database.open())
        for writer in writers:
            loop.run(writer.start())
        yield Servers(loop, writers, database)
        for writer in writers:
            loop.run(writer.stop())
        loop.run(database.close())


@SLOW
@given(rows=MANY, chance=st.randoms(use_true_random=False))
def test_any_interleaving_and_repetition_through_one_server_gives_the_same_rows(
    servers: Servers, rows: list[FireIn], chance: Random
) -> None:
    servers.loop.run(servers.take(rows, chance, 1))


@SLOW
@given(rows=MANY, chance=st.randoms(use_true_random=False))
def test_two_servers_at_once_give_the_same_rows(servers: Servers, rows: list[FireIn], chance: Random) -> None:
    servers.loop.run(servers.take(rows, chance, 2))


async def test_sightings_one_after_the_other_teach_the_row_and_keep_its_number(
    writer: Writer, ledger: Database
) -> None:
    facts = {"fire_key": "k", "runtime": "claude-code-cli", "skill_name": "/start"}
    paths = [
        FireIn(engineer_id="unknown", status="abandoned", source="otlp", model="m", **facts),
        FireIn(engineer_id="thomas-c", status="success", source="hook", repo="o/r", latency_ms=12, **facts),
        FireIn(engineer_id="unknown", status="success", source="transcript", input_tokens=7, repo="x/y", **facts),
    ]
    ids = [(await writer.store("default", [fire(row)]))[0] for row in paths]
    ((id_, found),) = (await stored(ledger)).values()
    assert ids == [id_] * 3
    assert found == reduce(merge, map(fire, paths))
    assert (found.engineer_id, found.repo, found.status) == ("thomas-c", "o/r", "success")
    assert (found.model, found.latency_ms, found.input_tokens) == ("m", 12, 7)
    assert found.seen_by == ["hook", "otlp", "transcript"]


async def test_a_plain_repeat_writes_nothing(writer: Writer, ledger: Database) -> None:
    row = fire(FireIn(engineer_id="a", skill_name="/s", runtime="modal", status="success", fire_key="k", repo="o/r"))
    await writer.store("default", [row])
    async with ledger.transaction("default") as connection:
        before = await (await connection.execute("SELECT xmin, ctid FROM skill_invocations")).fetchall()
    await writer.store("default", [row, row])
    async with ledger.transaction("default") as connection:
        after = await (await connection.execute("SELECT xmin, ctid FROM skill_invocations")).fetchall()
    assert [row["ctid"] for row in before] == [row["ctid"] for row in after]


async def test_a_row_written_with_plain_sql_is_taught_like_any_other(writer: Writer, ledger: Database) -> None:
    async with ledger.transaction("default") as connection:
        await connection.execute(
            "INSERT INTO skill_invocations (engineer_id, skill_name, runtime, status, fire_key, cost_usd_cents)"
            " VALUES ('unknown', '/old', 'codex-local', 'success', 'k', 3)"
        )
    row = FireIn(engineer_id="amy", skill_name="/new", runtime="modal", status="error", fire_key="k", source="api")
    await writer.store("default", [fire(row)])
    ((_, found),) = (await stored(ledger)).values()
    assert (found.engineer_id, found.skill_name, found.status, found.cost_usd_cents) == ("amy", "/new", "error", 3)
    assert found.seen_by == ["api", "sql"]


async def test_the_same_key_in_two_tenants_is_two_fires(writer: Writer, ledger: Database) -> None:
    row = fire(FireIn(engineer_id="a", skill_name="/s", runtime="modal", status="success", fire_key="k"))
    one, other = await asyncio.gather(writer.store("default", [row]), writer.store("other", [row]))
    assert one != other
    assert len(await stored(ledger)) == len(await stored(ledger, "other")) == 1
