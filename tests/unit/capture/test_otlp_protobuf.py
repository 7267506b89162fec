"""Protobuf walked by hand says what the protocol's own library says, and no input gets more out of it than that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.capture import _otlp_protobuf
from tallyward.capture._otlp import read
from tallyward.errors import BadRequest, TooLarge
from tallyward.services import otlp_protobuf
from tallyward.services.otlp import SOURCES
from tests import exports

LOGS = exports.logs(
    exports.claude("tool_result", tool_name="Bash", success=True, duration_ms=31, ratio=0.25, negative=-7),
    exports.claude("api_request", 2, model="claude-opus-4-8", input_tokens=2**40, prompt=exports.CANARY),
    service__name="claude-code",
)
SPANS = exports.traces(
    exports.span("execute_tool", failed=True, gen_ai__operation__name="execute_tool", gen_ai__tool__name="grep"),
    exports.span("chat", number=2, gen_ai__operation__name="chat", gen_ai__usage__input_tokens=12),
)


@pytest.mark.parametrize(("kind", "export"), [("logs", LOGS), ("traces", SPANS)])
def test_a_walk_says_what_the_library_says(kind, export):
    raw = exports.protobuf(export)
    theirs, ours = otlp_protobuf.document(raw, kind), _otlp_protobuf.document(raw, kind)
    assert read(ours, kind, SOURCES) == read(theirs, kind, SOURCES)
    assert len(read(ours, kind, SOURCES).signals) == 2


def test_a_list_and_a_map_are_no_plain_value():
    listed = {"arrayValue": {"values": [{"stringValue": exports.CANARY}]}}
    raw = exports.protobuf(exports.logs(exports.claude("tool_result", tool_name=listed)))
    assert exports.CANARY not in str(_otlp_protobuf.document(raw, "logs"))


@pytest.mark.parametrize("rejected", [0, 1, 300])
@pytest.mark.parametrize("kind", ["logs", "traces", "metrics"])
def test_answers_are_those_of_the_library(kind, rejected):
    assert _otlp_protobuf.answer(rejected, "why" * 60) == otlp_protobuf.answer(kind, rejected, "why" * 60)
    assert _otlp_protobuf.status(13, "sorry") == otlp_protobuf.status(13, "sorry")


@given(st.binary(max_size=200))
def test_junk_is_refused_or_read_and_nothing_else(raw):
    for kind in ("logs", "traces", "metrics"):
        try:
            _otlp_protobuf.document(raw, kind)
        except BadRequest:
            continue


@given(st.integers(0, 400))
def test_an_export_that_is_cut_off_is_refused_or_shorter(size):
    raw = exports.protobuf(LOGS)
    try:
        found = read(_otlp_protobuf.document(raw[:size], "logs"), "logs", SOURCES)
    except BadRequest:
        return
    assert found.records <= 2


def test_more_records_than_anybody_sends_are_refused():
    scope = b"\x12\x00" * 200_001
    scoped = b"\x12" + _otlp_protobuf._varint(len(scope)) + scope  # a message made by hand
    with pytest.raises(TooLarge):
        _otlp_protobuf.document(b"\x0a" + _otlp_protobuf._varint(len(scoped)) + scoped, "logs")
