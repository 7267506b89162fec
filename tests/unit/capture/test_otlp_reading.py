"""An export is taken apart by a list of what may be read, and one bad record costs one record."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.capture import _otlp, claude_otlp
from tallyward.errors import BadRequest
from tests.exports import LATER, NOON, NOON_NANOS, claude, logs, traces

SOURCES = (claude_otlp.ClaudeOtlp(),)
TOOL = {"tool_name": "Bash", "tool_use_id": "toolu_1", "success": "true"}


def read(document: Any, kind: _otlp.Kind = "logs") -> _otlp.Batch:
    return _otlp.read(document, kind, SOURCES)


def moments(**times: Any) -> list[str]:
    record = {**claude("tool_result", **TOOL), **times}
    return [row.row["ts"] for row in _otlp.rows(read(logs(record)), SOURCES, LATER)]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({}, NOON),
        ({"timeUnixNano": NOON_NANOS}, NOON),
        ({"timeUnixNano": "0"}, NOON),
        ({"timeUnixNano": None}, NOON),
        ({"timeUnixNano": 0, "observedTimeUnixNano": "0"}, "2026-05-17T12:00:00.001000Z"),
    ],
    ids=str,
)
def test_a_record_without_a_time_was_when_it_was_observed_or_says_it_was(times: dict[str, Any], expected: str):
    assert moments(**times) == [expected]


def test_a_record_that_says_nothing_of_its_time_was_when_it_came_in():
    record = {**claude("tool_result", **TOOL, event__timestamp="soon"), "timeUnixNano": "0", "observedTimeUnixNano": ""}
    assert [row.row["ts"] for row in _otlp.rows(read(logs(record)), SOURCES, LATER)] == [LATER]


@pytest.mark.parametrize(
    "bad",
    [
        None,
        7,
        "text",
        [],
        {"attributes": "none"},
        {"attributes": [7]},
        {"timeUnixNano": "yesterday"},
        {"timeUnixNano": -1},
        {"timeUnixNano": True},
        {"timeUnixNano": str(2**64)},
    ],
    ids=str,
)
def test_one_bad_record_is_one_rejected_record(bad: Any):
    batch = read(logs(claude("tool_result", **TOOL), bad, claude("tool_result", 2, **TOOL)))
    assert (batch.records, len(batch.signals)) == (3, 2)
    (why,) = batch.rejected
    assert why.startswith("record 1: ")


@pytest.mark.parametrize("empty", [{}, {"resourceLogs": []}, {"resourceLogs": None}, {"resourceLogs": [{}]}], ids=str)
def test_an_export_of_nothing_is_an_export(empty: Any):
    assert read(empty) == _otlp.Batch()


@pytest.mark.parametrize("document", [None, [], "text", {"resourceLogs": 7}, {"resourceLogs": [7]}], ids=str)
def test_what_is_no_export_is_refused_as_a_whole(document: Any):
    with pytest.raises(BadRequest):
        read(document)


def test_only_attributes_on_the_list_and_only_plain_ones_are_left():
    many = {"arrayValue": {"values": [{"stringValue": "Bash"}]}}
    record = claude("tool_result", tool_name=many, tool_use_id={"bytesValue": "AA=="}, success="true", secret="s")
    (signal,) = read(logs(record, service__name="claude-code", host__name="h")).signals
    assert signal.resource == {"service.name": "claude-code"}
    assert {"secret", "tool_name", "tool_use_id"} & set(signal.values) == set()
    assert signal.values["success"] == "true"


@pytest.mark.parametrize("sent", [7, "7", {"intValue": "7"}, {"intValue": 7}, {"doubleValue": 7.0}], ids=str)
def test_a_number_is_a_number_however_it_is_written(sent: Any):
    (signal,) = read(logs(claude("tool_result", duration_ms=sent))).signals
    assert signal.count("duration_ms") == 7


@pytest.mark.parametrize("sent", ["-7", "7.5", "", "x", "9" * 40, -7, 2**40, True, {"intValue": None}], ids=str)
def test_what_is_no_count_is_not_known(sent: Any):
    (signal,) = read(logs(claude("tool_result", duration_ms=sent))).signals
    assert signal.count("duration_ms") is None


def test_metrics_are_counted_and_nothing_of_them_is_read():
    points = [{"name": "claude_code.cost.usage", "sum": {"dataPoints": [{"asDouble": 1.0}]}}, None]
    batch = read({"resourceMetrics": [{"scopeMetrics": [{"metrics": points}]}]}, "metrics")
    assert (batch.records, batch.signals) == (2, [])


def test_unknown_keys_of_every_layer_are_passed_over():
    document = logs(claude("tool_result", **TOOL))
    document["resourceLogs"][0]["resource"]["entityRefs"] = [{"schemaUrl": ""}]
    document["resourceLogs"][0]["scopeLogs"][0]["schemaUrl"] = ""
    document["partial"] = {}
    assert len(read(document).signals) == 1


def test_a_span_that_ends_before_it_begins_has_no_duration():
    span = {"name": "x", "startTimeUnixNano": str(NOON_NANOS), "endTimeUnixNano": str(NOON_NANOS - 1)}
    (signal,) = read(traces(span), "traces").signals
    assert (signal.latency_ms, signal.span, signal.at) == (None, None, NOON)


def test_a_key_of_long_parts_is_as_short_as_a_key_may_be():
    assert _otlp.key("a", None, 1) == "a:None:1"
    assert len(_otlp.key("x" * 300, "y" * 300)) < _otlp.KEY_CHARS_MAX
    assert _otlp.key("x" * 300, "y" * 300) != _otlp.key("x" * 300, "z" * 300)


_NAMES = st.sampled_from(["attributes", "key", "value", "x"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner),
    max_leaves=8,
)  # fmt: skip


@given(_JSON)
def test_no_record_however_odd_stops_the_others(odd: Any):
    batch = read(logs(odd, claude("tool_result", **TOOL)))
    assert batch.records == 2
    assert [row.row["fire_key"] for row in _otlp.rows(batch, SOURCES, LATER)] == ["toolu_1"]
