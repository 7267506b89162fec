"""`tally reprice` beside a running server, as a script and as a person runs it."""

import json
from collections.abc import Iterator

import psycopg
import pytest

from tests.acceptance.test_usage import REQUEST
from tests.servers import Server, serving, tally


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an embedded PostgreSQL of its own, as on one machine."""
    with serving(tmp_path_factory.mktemp("reprice") / "data") as running:
        yield running


def test_rows_of_an_older_list_of_prices_are_reckoned_again_while_the_server_goes_on(server: Server) -> None:
    token = server.token("capture", "read")
    rows = [
        {**REQUEST, "request_key": f"r{n}", "model": model} for n, model in enumerate(("claude-opus-4-8", "nobody"))
    ]
    assert server.call("POST", "/v1/usage", rows, token=token).json == {"stored": 2, "duplicate": 0}
    home = server.data_dir.parent
    url = tally("db", "url", "--data", str(server.data_dir), home=home).stdout.strip()
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE cost_ledger SET cost_micros = 1, price_version = 'old' WHERE request_key = 'r0'")

    done = tally("reprice", "--json", "--data", str(server.data_dir), home=home)
    again = tally("reprice", "--data", str(server.data_dir), home=home)

    assert json.loads(done.stdout) == {
        "tenant": "default", "rows": 2, "changed": 1, "unchanged": 0, "unpriced": 1, "cost_micros_before": 1,
        "cost_micros_after": 10_925,
    }  # fmt: skip
    assert again.stdout.splitlines()[0] == "2 requests: 0 changed, 1 unchanged, 1 unpriced."
    totals = server.call("GET", "/v1/usage?since=2026-01-01", token=token).json["totals"]
    assert (totals["cost_micros"], totals["unpriced_requests"]) == (10_925, 1)


def test_a_tenant_that_is_not_there_is_named(server: Server) -> None:
    done = tally("reprice", "--tenant", "nowhere", "--data", str(server.data_dir), home=server.data_dir.parent)

    assert (done.returncode, "nowhere" in done.stderr, len(done.stderr.splitlines())) == (2, True, 1)
