"""`POST /v1/trace` and `/v1/context-fetches` over real HTTP: what is confirmed is stored, once, under one number."""

import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.acceptance.tenancy import ROW, Tenancy
from tests.servers import call_on

NDJSON = {"Content-Type": "application/x-ndjson"}


def lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_one_row_is_confirmed_by_its_number(site: Tenancy) -> None:
    reply = site.post(ROW)
    assert (reply.status, reply.headers["content-type"]) == (202, "application/json")
    assert site.rows("SELECT id FROM skill_invocations") == [(reply.json["id"],)]
    assert list(reply.json) == ["id"]


def test_an_array_and_ndjson_are_confirmed_in_their_order(site: Tenancy) -> None:
    rows = [{**ROW, "fire_key": f"k{number}"} for number in (3, 1, 2)]
    for reply in (
        site.post(rows),
        site.post(lines(rows), headers=NDJSON),
        site.post(gzip.compress(lines(rows)), headers={**NDJSON, "Content-Encoding": "gzip"}),
    ):
        assert reply.status == 202
        stored = dict(site.rows("SELECT fire_key, id FROM skill_invocations"))
        assert reply.json == {"ids": [stored["k3"], stored["k1"], stored["k2"]]}
    assert site.count() == 3


def test_ten_thousand_rows_are_taken_at_once_and_one_more_is_not(site: Tenancy) -> None:
    rows = [{**ROW, "fire_key": f"k{number}"} for number in range(10_000)]
    reply = site.post(lines(rows), headers=NDJSON)
    assert (reply.status, len(set(reply.json["ids"])), site.count()) == (202, 10_000, 10_000)
    assert site.post(lines([*rows, ROW]), headers=NDJSON).status == 413


def test_every_field_that_was_sent_is_stored_and_read_back(site: Tenancy) -> None:
    sent = {
        "engineer_id": "amy", "skill_name": "mcp__tracker__search", "repo": "o/r", "runtime": "codex-desktop",
        "model": "m-1", "latency_ms": 2**31 - 1, "status": "abandoned", "input_tokens": 0, "output_tokens": 7,
        "arg_hash": "hmac-sha256:00", "ts": "2026-05-17T14:23:01.250000Z", "kind": "mcp", "session_id": "s",
        "prompt_id": "p", "fire_key": "k é \U0001f40d", "cost_micros": 12_345, "branch": "b",
        "request_bytes": 11, "response_bytes": 2**40,
    }  # fmt: skip
    number = site.post({**sent, "source": "relay"}).json["id"]
    (fire,) = site.get("/v1/fires?session=s").json["fires"]
    assert fire == {**sent, "id": number, "cost_usd_cents": 1, "seen_by": ["relay"]}


def test_fields_that_were_not_sent_are_null_and_the_time_is_that_of_receipt(site: Tenancy) -> None:
    site.post({**ROW, "repo": None, "latency_ms": None, "ts": None})
    (fire,) = site.get("/v1/fires").json["fires"]
    assert {name for name, value in fire.items() if value is None} == {
        "repo", "model", "latency_ms", "input_tokens", "output_tokens", "cost_usd_cents", "arg_hash", "session_id",
        "prompt_id", "branch", "cost_micros", "request_bytes", "response_bytes",
    }  # fmt: skip
    assert (fire["kind"], fire["seen_by"]) == ("skill", ["api"])
    assert site.rows("SELECT now() - ts < interval '1 minute' FROM skill_invocations") == [(True,)]


def test_fifty_identical_posts_at_the_same_instant_are_one_row_with_one_number(site: Tenancy) -> None:
    ready = threading.Barrier(50)
    body = {**ROW, "fire_key": "same"}

    def post(_: int) -> Any:
        connection = site.server.connection()
        connection.connect()
        ready.wait(20)
        reply = call_on(connection, "POST", "/v1/trace", body, token=site.token)
        connection.close()
        return reply.status, reply.json["id"]

    with ThreadPoolExecutor(50) as pool:
        replies = set(pool.map(post, range(50)))
    assert replies == {(202, site.rows("SELECT id FROM skill_invocations")[0][0])}
    assert site.count() == 1


def test_a_later_sighting_fills_what_the_first_did_not_know(site: Tenancy) -> None:
    first = site.post({**ROW, "fire_key": "k", "engineer_id": "unknown", "source": "otlp", "model": "m"})
    later = site.post({**ROW, "fire_key": "k", "source": "hook", "repo": "o/r", "latency_ms": 5, "status": "error"})
    assert first.json == later.json
    (fire,) = site.get("/v1/fires").json["fires"]
    assert (fire["engineer_id"], fire["model"], fire["repo"], fire["latency_ms"]) == ("thomas-c", "m", "o/r", 5)
    assert (fire["status"], fire["seen_by"]) == ("error", ["hook", "otlp"])


def test_a_token_of_an_engineer_names_the_engineer_a_sender_does_not_know(site: Tenancy) -> None:
    token = site.token_for("capture", engineer="amy")
    site.post([{**ROW, "engineer_id": "unknown"}, {**ROW, "engineer_id": "bo"}], token=token)
    assert site.rows("SELECT engineer_id FROM skill_invocations ORDER BY 1") == [("amy",), ("bo",)]


def test_a_bad_row_in_a_batch_is_named_and_nothing_is_kept(site: Tenancy) -> None:
    rows = [ROW, {**ROW, "latency_ms": -1}, {**ROW, "status": "odd"}]
    for reply in (site.post(rows), site.post(lines(rows), headers=NDJSON)):
        assert (reply.status, reply.error["code"]) == (422, "invalid")
        assert (reply.error["index"], reply.error["field"]) == (1, "latency_ms")
    assert site.count() == 0


def test_with_partial_the_good_rows_are_kept_and_each_bad_one_is_named(site: Tenancy) -> None:
    rows = [ROW, {**ROW, "latency_ms": -1}, ROW, {**ROW, "what": 1}]
    reply = site.post(rows, "/v1/trace?partial=true")
    ids = reply.json["ids"]
    assert (reply.status, [number is None for number in ids]) == (202, [False, True, False, True])
    assert [(error["index"], error["field"], error["code"]) for error in reply.json["errors"]] == [
        (1, "latency_ms", "invalid"),
        (3, "what", "invalid"),
    ]
    assert set(site.rows("SELECT id FROM skill_invocations")) == {(ids[0],), (ids[2],)}


def test_with_partial_a_batch_of_bad_rows_alone_is_answered_alike(site: Tenancy) -> None:
    reply = site.post([{**ROW, "status": "odd"}], "/v1/trace?partial=true")
    assert (reply.status, reply.json["ids"], len(reply.json["errors"])) == (202, [None], 1)


def test_nothing_in_a_body_chooses_its_tenant_number_or_time_of_receipt(site: Tenancy) -> None:
    for field in ("tenant", "org", "id", "received_at", "seen_by", "field_sources", "actor"):
        assert site.post({**ROW, field: "other"}).error["field"] == field
    assert site.count() == 0


@pytest.mark.parametrize("body", [b"[]", b"[ ]"])
def test_a_batch_of_nothing_is_confirmed_as_nothing(site: Tenancy, body: bytes) -> None:
    assert site.post(body).json == {"ids": []}


def test_file_reads_are_stored_in_the_same_three_forms(site: Tenancy) -> None:
    read = {"agent_name": "reviewer", "file_path": "src/a.py", "repo": "o/r", "fetch_key": "f"}
    one = site.post(read, "/v1/context-fetches")
    again = site.post([read, {**read, "fetch_key": "g"}], "/v1/context-fetches")
    bare = site.post(lines([{"agent_name": "a", "file_path": "b"}] * 2), "/v1/context-fetches", headers=NDJSON)
    assert [reply.status for reply in (one, again, bare)] == [202] * 3
    assert again.json["ids"][0] == one.json["id"]
    assert len(set(bare.json["ids"])) == 2
    assert site.rows("SELECT count(*) FROM context_fetches") == [(4,)]


def test_a_path_of_four_thousand_letters_is_stored_and_a_longer_one_refused(site: Tenancy) -> None:
    path = "/".join(f"{number:x}\U0001f40d" for number in range(1_000))[:4096]
    assert site.post({"agent_name": "a", "file_path": path}, "/v1/context-fetches").status == 202
    long = site.post({"agent_name": "a", "file_path": "x" * 4097}, "/v1/context-fetches")
    assert (long.status, long.error["field"]) == (422, "file_path")


def test_a_time_in_the_future_is_kept_and_breaks_no_board(site: Tenancy) -> None:
    site.post([{**ROW, "ts": "2199-01-01T00:00:00+14:00"}, {**ROW, "ts": "1970-01-01T00:00:00Z"}])
    assert site.count() == 2
    board = site.get("/v1/utilization").json
    assert board["engineers"][0]["engineer_id"] == "thomas-c"
    assert site.get("/v1/me?engineer=thomas-c").status == 200
