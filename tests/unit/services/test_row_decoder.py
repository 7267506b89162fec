"""The strict reader of rows: what it takes, and what it refuses by index and field."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.domain.fire import FetchIn, FireIn
from tallyward.errors import BadRequest, Invalid, TallyError, TooLarge
from tallyward.services.ingest import ROWS_MAX, RowDecoder

ROW = {"engineer_id": "thomas-c", "skill_name": "/start", "runtime": "claude-code-local", "status": "success"}
DEEP = b"[" * 100_000
NDJSON = "application/x-ndjson"


def decode(body: bytes, content_type: str = "application/json", *, partial: bool = False) -> Any:
    return RowDecoder(FireIn).decode(body, content_type, partial=partial)


def row(**fields: Any) -> bytes:
    return json.dumps({**ROW, **fields}).encode()


def refusal(body: bytes, content_type: str = "application/json") -> TallyError:
    with pytest.raises(TallyError) as caught:
        decode(body, content_type)
    return caught.value


def test_an_object_an_array_and_ndjson_give_the_same_rows() -> None:
    one = decode(row())
    many = decode(b"[" + row() + b"," + row() + b"]")
    lines = decode(row() + b"\n" + row() + b"\n", NDJSON)
    assert (one.single, many.single, lines.single) == (True, False, False)
    assert one.rows * 2 == many.rows == lines.rows


def test_ndjson_is_recognised_without_its_content_type() -> None:
    assert decode(row() + b"\r\n\r\n" + row()).rows == decode(row() + b"\n" + row(), NDJSON).rows


def test_an_object_over_several_lines_is_one_row() -> None:
    assert decode(json.dumps(ROW, indent=2).encode()).single


def test_one_line_of_ndjson_is_a_list_of_one() -> None:
    assert not decode(row(), NDJSON).single


@pytest.mark.parametrize("body", [b"", b"  \n ", b"\r\n"])
def test_an_empty_body_is_refused(body: bytes) -> None:
    assert isinstance(refusal(body), BadRequest)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (row(tenant="other"), "tenant"),
        (row(id=1), "id"),
        (row(seen_by=["hook"]), "seen_by"),
        (row(field_sources={}), "field_sources"),
        (row(latency_ms="fast"), "latency_ms"),
        (row(latency_ms=1.5), "latency_ms"),
        (row(latency_ms=True), "latency_ms"),
        (row(latency_ms=-1), "latency_ms"),
        (row(input_tokens=2**31), "input_tokens"),
        (row(output_tokens=2**63), "output_tokens"),
        (row(cost_usd_cents=2**63), "cost_usd_cents"),
        (row(cost_micros=2**63), "cost_micros"),
        (row(cost_micros=-1), "cost_micros"),
        (row(engineer_id=""), "engineer_id"),
        (row(engineer_id="x" * 201), "engineer_id"),
        (row(skill_name=None), "skill_name"),
        (row(skill_name={"a": 1}), "skill_name"),
        (row(runtime="vim"), "runtime"),
        (row(status="failed"), "status"),
        (row(kind="prompt"), "kind"),
        (row(source="sql"), "source"),
        (row(ts="yesterday"), "ts"),
        (row(ts="2026-05-17T14:23:01"), "ts"),
        (row(ts="0001-01-01T00:00:00+14:00"), "ts"),
        (row(ts="9999-12-31T23:59:59-14:00"), "ts"),
        (row(repo="a\0b"), "repo"),
        (row(fire_key="\0"), "fire_key"),
        (b'{"skill_name":"/x","runtime":"modal","status":"success"}', "engineer_id"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(body: bytes, field: str) -> None:
    error = refusal(body)
    assert isinstance(error, Invalid)
    assert (error.field, field in error.message) == (field, True)


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"1" * 5_000, b"0x10", b"01", b"+1"])
def test_a_number_that_is_none_is_refused(number: bytes) -> None:
    assert isinstance(refusal(row()[:-1] + b',"latency_ms":' + number + b"}"), BadRequest | Invalid)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nul",
        row() + b"}",
        row() + b" " + row(),
        b"\xef\xbb\xbf" + row(),
        row().replace(b"thomas-c", b"\xff\xfe"),
        row().replace(b"thomas-c", b"\xed\xa0\x80"),
        row().replace(b"thomas-c", b"\xc0\xaf"),
        row().replace(b"thomas-c", rb"\ud800"),
        row().replace(b"thomas-c", rb"\udfff x"),
        row().replace(b"thomas-c", b"a\0b"),
        row().decode().encode("utf-16"),
        DEEP,
        b"{" + DEEP,
        row()[:-1] + b',"repo":' + DEEP,
        row()[:-1] + b',"unknown":' + DEEP,
        b'{"repo":\n' + DEEP + b"\n",
        b"[" + row() + b"," + DEEP,
        b'{"a":' * 100_000,
        b"[" + row() + b"\n" + row() + b"]",
    ],
)
def test_a_body_that_is_no_json_is_refused_and_never_crashes(body: bytes) -> None:
    assert isinstance(refusal(body), BadRequest | Invalid)
    assert isinstance(refusal(body, NDJSON), BadRequest | Invalid)


@pytest.mark.parametrize(
    "twin",
    [
        b'"status":"error"',
        b'"status" : "error"',
        b'"status"\n:"error"',
        b'"status"\t:"error"',
        rb'"stat\u0075s":"error"',
        rb'"\u0073\u0074\u0061\u0074\u0075\u0073" :"error"',
    ],
)
def test_a_key_that_stands_twice_is_refused_however_it_is_spelt(twin: bytes) -> None:
    compact = json.dumps(ROW, separators=(",", ":")).encode()
    for plain in (compact, row()):
        for body in (plain[:-1] + b"," + twin + b"}", b"{" + twin + b"," + plain[1:]):
            error = refusal(body)
            assert isinstance(error, BadRequest)
            assert error.field == "status"


TEXTS = st.dictionaries(st.sampled_from(["repo", "model", "branch"]), st.text(max_size=20))


@given(TEXTS, st.booleans(), st.booleans())
def test_a_row_that_any_json_writer_wrote_is_read_back_as_it_was(
    fields: dict[str, str], spaced: bool, escaped: bool
) -> None:
    fields = {name: value.replace("\0", "") for name, value in fields.items()}
    separators = (" , ", " : ") if spaced else (",", ":")
    body = json.dumps({**ROW, **fields}, separators=separators, ensure_ascii=escaped).encode()
    found = decode(body).rows[0]
    assert {name: getattr(found, name) for name in fields} == fields


def outcome(decoder: RowDecoder[Any], body: bytes, content_type: str) -> int:
    try:
        return 202 if decoder.decode(body, content_type, partial=False).rows is not None else 500
    except TallyError as error:
        return error.status


@given(st.binary(max_size=200) | st.text('{}[]":,\\\n \0eE-+.0123456789ntf', max_size=60).map(str.encode))
def test_any_bytes_give_rows_or_one_of_our_refusals(body: bytes) -> None:
    for content_type in ("application/json", NDJSON):
        for decoder in (RowDecoder(FireIn), RowDecoder(FetchIn)):
            assert outcome(decoder, body, content_type) in (202, 400, 413, 422)


def test_a_bad_row_in_a_batch_names_its_index_and_field() -> None:
    error = refusal(b"[" + b",".join([row(), row(), row(latency_ms=-1)]) + b"]")
    assert (error.index, error.field) == (2, "latency_ms")


def test_with_partial_the_good_rows_stay_and_each_bad_one_is_named() -> None:
    found = decode(b"\n".join([row(), b"{", row(status="no"), row()]), NDJSON, partial=True)
    assert [line is None for line in found.rows] == [False, True, True, False]
    assert [(error.index, error.code) for error in found.refusals] == [(1, "bad_request"), (2, "invalid")]


def test_ten_thousand_rows_are_read_and_one_more_is_refused() -> None:
    body = b"[" + b",".join([row()] * ROWS_MAX) + b"]"
    assert len(decode(body).rows) == ROWS_MAX == 10_000
    assert isinstance(refusal(body[:-1] + b"," + row() + b"]"), TooLarge)


def test_a_refusal_never_repeats_more_than_a_line_of_what_was_sent() -> None:
    error = refusal(row(**{"x" * 1_000_000: 1}))
    assert len(error.message) < 400
    assert len(error.field or "") < 400
