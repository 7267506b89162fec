"""Health and load told truly: 503 with Retry-After while something cannot be kept, and all well again by itself."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg

from tallyward import __version__, clock
from tallyward.ledger import embedded
from tallyward.ledger.writer import QUEUE_ROWS_MAX
from tests.acceptance.tenancy import ROW, Tenancy
from tests.servers import Reply, serving
from tests.waiting import eventually

BATCH = 10_000


def require_busy(reply: Reply, code: str) -> None:
    assert (reply.status, reply.error["code"], reply.error["retryable"]) == (503, code, True)
    assert int(reply.headers["retry-after"]) >= 1


def test_health_needs_no_token_and_says_the_version(site: Tenancy) -> None:
    reply = site.server.call("GET", "/v1/health")
    assert (reply.status, reply.json["ok"], reply.json["version"]) == (200, True, __version__)
    assert reply.json["database"]["ok"] is True
    assert "degraded" not in reply.json


def test_a_lost_database_is_503_and_comes_back_without_a_restart(tmp_path: Path) -> None:
    database = embedded.start(tmp_path / "elsewhere")
    try:
        with serving(tmp_path / "data", database=database.url(tenant="")) as server:
            token = server.token()
            first = server.call("POST", "/v1/trace", {**ROW, "fire_key": "k"}, token=token).json
            database.stop()
            require_busy(server.call("POST", "/v1/trace", ROW, token=token), "ledger_unavailable")
            started = clock.elapsed_seconds()
            health = server.call("GET", "/v1/health")
            assert clock.elapsed_seconds() - started < 4
            assert (health.status, health.json["ok"], health.json["degraded"]) == (503, False, "database")
            database = embedded.start(tmp_path / "elsewhere")
            eventually(lambda: server.call("GET", "/v1/health").status == 200, 15)
            again = eventually(
                lambda: taken(server.call("POST", "/v1/trace", {**ROW, "fire_key": "k"}, token=token)), 15
            )
            assert again == first
            assert server.terminate() == 0
    finally:
        database.stop()


def taken(reply: Reply) -> Any:
    return reply.json if reply.status == 202 else None


def test_a_full_queue_is_503_at_once_and_what_was_taken_is_kept(site: Tenancy) -> None:
    batches = QUEUE_ROWS_MAX // BATCH + 4  # two are being written, and the rest of the queue's worth waits
    bodies = [
        json.dumps([{**ROW, "fire_key": f"{batch}:{row}"} for row in range(BATCH)]).encode() for batch in range(batches)
    ]
    with psycopg.connect(site.server.database_url) as owner, ThreadPoolExecutor(batches) as pool:
        owner.execute("LOCK TABLE skill_invocations IN SHARE MODE")
        refused = threading.Event()

        def post(body: bytes) -> Reply:
            reply = site.post(body)
            if reply.status == 503:
                refused.set()
            return reply

        replies = [pool.submit(post, body) for body in bodies]
        assert refused.wait(30), "nothing was refused although nothing could be written"
        owner.rollback()
        answers = [reply.result() for reply in replies]
    for reply in answers:
        if reply.status != 202:
            require_busy(reply, "queue_full")
    confirmed = [number for reply in answers if reply.status == 202 for number in reply.json["ids"]]
    assert len(set(confirmed)) == len(confirmed) == site.count()
    assert len(confirmed) >= QUEUE_ROWS_MAX
