"""What one word about a pull request costs does not grow with its repository, with statistics or without."""

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.ledger.queries import statement

ROWS, READ_MAX = 20_000, 500  # reverts by a short name are looked for among all reverts, one row in 200 here
FILL = """
    INSERT INTO pull_requests (repo, repo_id, number, state, merge_sha, head_sha, merged_at, reverts_something,
        reverts_number, reverts_sha)
    SELECT 'a/b', 1, n, 'merged', md5(n::text) || '00000000', md5('h' || n) || '00000000', now(), n %% 100 = 0,
        CASE WHEN n %% 200 = 0 THEN n - 1 END, CASE WHEN n %% 200 = 100 THEN md5((n - 1)::text) || '00000000' END
    FROM generate_series(1, %s) AS n
"""
KEY = {"forge": "github", "repo": "a/b", "repo_id": 1, "number": 600, "merge_sha": "f" * 40}
ASKED: dict[str, dict[str, Any]] = {
    "find_pull_requests": {"keys": json.dumps([KEY])},
    "takers_of": {"ids": [599, 600]},
    "taken_by": {"ids": [600, 700]},
}


@pytest.fixture(scope="module")
def repository(shared_url: str) -> Iterator[psycopg.Connection]:
    """A ledger with one large repository, that nobody has analysed yet."""
    with psycopg.connect(shared_url, options=f"-c tally.tenant={DEFAULT_TENANT}", autocommit=True) as connection:
        connection.execute(FILL, (ROWS,))
        yield connection


@pytest.mark.parametrize("analysed", [False, True])
@pytest.mark.parametrize("name", ASKED)
def test_few_rows_are_read(repository: psycopg.Connection, name: str, analysed: bool):
    if analysed:
        repository.execute("ANALYZE pull_requests")
    with repository.transaction(force_rollback=True):
        repository.execute("SET LOCAL ROLE tally_app")
        told = repository.execute("EXPLAIN (ANALYZE, COSTS OFF) " + statement(name), ASKED[name]).fetchall()
    plan = "\n".join(row[0] for row in told)

    removed = [int(count) for count in re.findall(r"Rows Removed by (?:\w+ )*Filter: (\d+)", plan)]
    assert max(removed, default=0) < READ_MAX, plan
    assert "Seq Scan on pull_requests" not in plan
