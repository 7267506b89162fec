"""Whatever is written, changed, deleted, sealed and summed, in any order: the functions tell what the rows say."""

import asyncio
from datetime import datetime, timedelta

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row

from tallyward.ledger import rollup
from tallyward.ledger.database import Database
from tallyward.redact import Secret
from tests.ledger.summed import TARGET, Rows, add_fire, add_request, agrees
from tests.ledger.test_rollup import connect

FEW = st.sampled_from(["a", "b"])
# Some moments lie in hours of their own, on an edge, before the first block, or after now.
MOMENTS = st.sampled_from([0, 1, 59, 60, 61, 600, 1440, 1441, 3000, 6000, 10_000, 24_000, -30, -5000]).map(
    lambda minutes: TARGET - timedelta(minutes=minutes)
)
STEPS = st.one_of(
    st.tuples(st.just("fire"), MOMENTS, FEW, st.sampled_from(["skill", "tool", "session"]), FEW),
    st.tuples(st.just("request"), MOMENTS, st.sampled_from(["otlp", "transcript", "api"]), FEW),
    st.tuples(st.just("move"), st.integers(0, 9), MOMENTS),
    st.tuples(st.just("see"), st.integers(0, 9)),
    st.tuples(st.just("delete"), st.integers(0, 9)),
    st.tuples(st.just("sum"), st.sampled_from([0, 7, 30, 100]).map(lambda hours: TARGET - timedelta(hours=hours))),
)
EMPTY = (
    "TRUNCATE skill_invocations, cost_ledger, rollup_marks, rollup_fires_by_engineer, rollup_fires_by_place,"
    " rollup_fires_by_person, rollup_fires_by_skill, rollup_usage"
)
BEGIN = "UPDATE rollup_state SET sealed_until = '2000-01-01 00:00:00+00'"


def play(rows: Rows, number: int, step: tuple[object, ...]) -> None:
    match step:
        case ("fire", datetime() as ts, str(engineer), str(kind), str(prompt)):
            add_fire(rows, ts, engineer_id=engineer, kind=kind, session_id="s", prompt_id=prompt, latency_ms=number)
        case ("request", datetime() as ts, str(path), str(prompt)):
            add_request(rows, f"r{number}", ts, path, session_id=f"s{prompt}", prompt_id=prompt)
            add_request(rows, f"q{number}", ts, path, session_id="s", prompt_id=prompt)
        case ("move", int(nth), datetime() as ts):
            rows.execute("UPDATE skill_invocations SET ts = %s WHERE id %% 10 = %s", (ts, nth))
            rows.execute("UPDATE cost_ledger SET ts = %s WHERE right(request_key, 1) = %s::text", (ts, nth))
        case ("see", nth):
            rows.execute(
                "UPDATE cost_ledger SET seen_by = '{otlp,transcript}' WHERE right(request_key, 1) = %s::text", (nth,)
            )
        case ("delete", nth):
            rows.execute("DELETE FROM skill_invocations WHERE id %% 10 = %s", (nth,))
            rows.execute("DELETE FROM cost_ledger WHERE right(request_key, 1) = %s::text", (nth,))
        case _:
            raise AssertionError(step)


async def seal_and_sum(url: str, target: datetime) -> None:
    """One step of it: what is left over is part of the game."""
    ledger = Database(Secret(url))
    await ledger.open()
    try:
        async with rollup.summing(ledger, wait=True) as connection:
            assert connection is not None
            reach = await rollup.seal(connection, "default", target)
            assert reach is not None
            await rollup.sum_marked(connection, "default", reach.last_mark)
    finally:
        await ledger.close()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=3, max_size=14), edge=MOMENTS)
def test_any_history_gives_the_answer_of_the_rows(
    database_url: str, steps: list[tuple[object, ...]], edge: datetime
) -> None:
    with connect(database_url) as known, psycopg.connect(database_url, row_factory=dict_row, autocommit=True) as rows:
        assert known
        rows.execute("SELECT set_config('tally.tenant', 'default', false)")
        rows.execute(EMPTY)
        rows.execute(BEGIN)
        for number, step in enumerate(steps):
            if step[0] == "sum":
                assert isinstance(step[1], datetime)
                assert agrees(rows, grains=["any"])
                asyncio.run(seal_and_sum(database_url, step[1]))
                assert agrees(rows, grains=["any"])
            else:
                play(rows, number, step)
        assert agrees(rows)
        assert agrees(rows, edge - timedelta(days=3, seconds=7), edge)
