"""`POST /v1/usage` over real HTTP: each request to a model is counted once, however often it is told of."""

import gzip
import json
from typing import Any

import pytest

from tests.acceptance.tenancy import Tenancy

REQUEST = {
    "request_key": "msg_1", "ts": "2026-05-17T12:00:00Z", "model": "claude-opus-4-8", "runtime": "claude-code-cli",
    "engineer_id": "amy", "input_tokens": 1200, "cache_write_5m_tokens": 300, "cache_read_tokens": 4000,
    "output_tokens": 42, "source": "transcript",
}  # fmt: skip


def lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_each_form_of_a_body_is_counted(site: Tenancy) -> None:
    rows = [{**REQUEST, "request_key": f"msg_{number}"} for number in range(3)]

    assert site.post(rows[0], "/v1/usage").json == {"stored": 1, "duplicate": 0}
    assert site.post(rows, "/v1/usage").json == {"stored": 2, "duplicate": 1}
    headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    reply = site.post(gzip.compress(lines(rows)), "/v1/usage", headers=headers)
    assert (reply.status, reply.json) == (202, {"stored": 0, "duplicate": 3})
    assert site.rows("SELECT count(*) FROM cost_ledger") == [(3,)]


def test_a_batch_that_tells_of_one_request_twice_stores_it_once(site: Tenancy) -> None:
    reply = site.post([REQUEST, {**REQUEST, "output_tokens": 50}], "/v1/usage")

    assert reply.json == {"stored": 1, "duplicate": 1}
    assert site.rows("SELECT output_tokens FROM cost_ledger") == [(50,)]


def test_what_was_sent_is_stored(site: Tenancy) -> None:
    sent = {
        **REQUEST, "cache_write_1h_tokens": 7, "reasoning_tokens": 5, "web_search_requests": 2, "session_id": "s",
        "prompt_id": "p", "repo": "o/r", "branch": "b", "skill_name": "/start", "service_tier": "fast",
        "reported_cost_micros": 12,
    }  # fmt: skip
    site.post(sent, "/v1/usage")

    ((row,),) = site.rows("SELECT to_jsonb(c) FROM cost_ledger AS c")

    shown = {name: row[name] for name in sent if name not in ("source", "ts")}
    assert shown == {name: value for name, value in sent.items() if name not in ("source", "ts")}
    assert (row["seen_by"], row["field_sources"]) == (["transcript"], None)


def test_an_answer_without_a_model_is_counted_and_not_stored(site: Tenancy) -> None:
    reply = site.post([REQUEST, {**REQUEST, "request_key": "x", "model": "<synthetic>"}], "/v1/usage")

    assert (reply.status, reply.json) == (202, {"stored": 1, "duplicate": 0, "ignored": 1})
    assert site.rows("SELECT model FROM cost_ledger") == [("claude-opus-4-8",)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"input_tokens": -1}, "input_tokens"),
        ({"output_tokens": "42"}, "output_tokens"),
        ({"prompt": "secret"}, "prompt"),
        ({"ts": "1969-12-31T00:00:00Z"}, "ts"),
        ({"ts": None}, "ts"),
        ({"request_key": "a\0b"}, "request_key"),
    ],
    ids=str,
)
def test_a_bad_report_is_named_and_nothing_is_kept(site: Tenancy, wrong: dict[str, Any], field: str) -> None:
    reply = site.post([{**REQUEST, "request_key": "good"}, {**REQUEST, **wrong}], "/v1/usage")

    assert (reply.status, reply.error["index"], reply.error["field"]) == (422, 1, field)
    assert site.rows("SELECT count(*) FROM cost_ledger") == [(0,)]


def test_with_partial_the_good_reports_are_kept_and_each_bad_one_is_named(site: Tenancy) -> None:
    reply = site.post([{**REQUEST, "input_tokens": -1}, REQUEST], "/v1/usage?partial=true")

    assert reply.status == 202
    assert (reply.json["stored"], reply.json["duplicate"]) == (1, 0)
    assert [(error["index"], error["field"]) for error in reply.json["errors"]] == [(0, "input_tokens")]


def test_a_request_without_its_key_or_its_time_is_refused(site: Tenancy) -> None:
    for missing in ("request_key", "ts", "model", "runtime", "engineer_id"):
        reply = site.post({name: value for name, value in REQUEST.items() if name != missing}, "/v1/usage")
        assert (reply.status, reply.error["field"]) == (422, missing)


def test_keys_and_names_of_the_greatest_length_are_taken(site: Tenancy) -> None:
    # Not one character many times, which an index would press together.
    long = "".join(chr(0x1F400 + number * number * 7919 % 251) for number in range(500))
    wide = dict.fromkeys(("request_key", "session_id", "prompt_id", "repo", "branch"), long)
    assert site.post({**REQUEST, **wide}, "/v1/usage").json == {"stored": 1, "duplicate": 0}
    assert site.post({**REQUEST, **wide}, "/v1/usage").json == {"stored": 0, "duplicate": 1}


def test_a_token_of_an_engineer_names_the_engineer_a_sender_does_not_know(site: Tenancy) -> None:
    token = site.token_for("capture", engineer="bo")
    site.post({**REQUEST, "engineer_id": "unknown"}, "/v1/usage", token=token)

    assert site.rows("SELECT engineer_id FROM cost_ledger") == [("bo",)]


def test_a_request_is_priced_by_its_model_and_an_unknown_model_has_no_price(site: Tenancy) -> None:
    site.post([REQUEST, {**REQUEST, "request_key": "msg_2", "model": "nobody-makes-this"}], "/v1/usage")

    (known, unknown) = site.rows("SELECT cost_micros, price_version FROM cost_ledger ORDER BY request_key")

    assert known[0] == 10_925
    assert known[1].startswith("genai-prices ")
    assert unknown == (None, None)


def test_a_later_report_that_knows_more_changes_the_price(site: Tenancy) -> None:
    site.post({**REQUEST, "output_tokens": 1, "source": "otlp"}, "/v1/usage")
    site.post(REQUEST, "/v1/usage")

    assert site.rows("SELECT cost_micros, seen_by FROM cost_ledger") == [(10_925, ["otlp", "transcript"])]
