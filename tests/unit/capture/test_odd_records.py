"""Whatever stands in a file, no reader stops at it, and every row it tells of is one that the server takes."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallyward.capture._transcript import TranscriptReader, joined, moment, number
from tallyward.capture.claude_transcripts import ClaudeTranscripts
from tallyward.capture.codex_rollouts import CodexRollouts
from tallyward.capture.opencode_store import OpencodeStore
from tallyward.domain.fire import FireIn
from tallyward.domain.usage import UsageIn
from tests.transcripts import FACTS

READERS = [ClaudeTranscripts, CodexRollouts, OpencodeStore]
TAKEN = {"usage": UsageIn, "trace": FireIn}
NAMED_IN_FILES = """
type id uuid timestamp sessionId promptId requestId cwd gitBranch entrypoint isSidechain isMeta message model role
content usage input_tokens output_tokens cache_creation cache_creation_input_tokens ephemeral_1h_input_tokens
stop_reason name input tool_use_id is_error toolUseResult interrupted success data payload info total_token_usage
last_token_usage total_tokens turn_id call_id arguments output action forked_from_id history_base source ordinal git
thread_id thread_token_usage item exit_code status duration result table session_id parent_id directory time tokens
cost cache read write state callID tool parentID modelID finish error items session subagent_history_start_ordinal
"""
SAID_IN_FILES = """
assistant user system progress text tool_use tool_result thinking <synthetic> msg_1 toolu_1 Bash Skill Agent end_turn
session_meta turn_context event_msg response_item token_usage_record token_count task_started task_complete
turn_aborted item_completed exec_command_end function_call function_call_output custom_tool_call local_shell_call
message t1 turn-1 call_1 exec_command part step-finish completed 2026-05-01T10:00:00.000Z /home/ann/widget 12 0
"""
NAMES, WORDS = NAMED_IN_FILES.split(), SAID_IN_FILES.split()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.floats() | st.sampled_from(WORDS) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=25,
)
RECORDS = st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=10), max_size=6)


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=60, deadline=None)
@given(records=RECORDS)
def test_no_record_stops_a_reader_and_every_row_is_one_the_server_takes(
    kind: type[TranscriptReader], records: list[dict[str, Any]]
):
    reader = kind(FACTS)
    for record in records:
        reader.line(json.dumps(record).encode())
    reader.end()
    for one in reader.take():
        msgspec.json.decode(json.dumps(one.row), type=TAKEN[one.to])
    again = kind(FACTS, json.loads(json.dumps(reader.state)))
    again.end()
    assert reader.counts.lines == len(records)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-05-01T10:00:00Z", "2026-05-01T10:00:00.000000Z"),
        ("2026-05-01T10:00:00.123Z", "2026-05-01T10:00:00.123000Z"),
        ("2026-05-01T12:00:00+02:00", "2026-05-01T10:00:00.000000Z"),
        (1_777_629_600, "2026-05-01T10:00:00.000000Z"),
        (1_777_629_600_000, "2026-05-01T10:00:00.000000Z"),
        ("1777629600000", "2026-05-01T10:00:00.000000Z"),
        ("2026-05-01T10:00:00", None),
        ("2026-13-01T10:00:00.000Z", None),
        ("1970-01-01T00:00:00.000Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        (0, None),
        (-1, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**300, None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_a_moment_is_one_of_a_clock_that_was_set(value: object, expected: str | None):
    assert moment(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(7, 7), ("7", 7), (7.9, 7), (2**31, 0), (-1, 0), ("-1", 0), ("9" * 5_000, 0), (True, 0), (None, 0), ("٣", 0)],
)
def test_a_number_is_a_count_that_fits_or_nothing(value: object, expected: int):
    assert number(value) == expected


COUNT = st.integers(0, 9)
ROWS = st.fixed_dictionaries(
    {"request_key": st.just("m"), "ts": st.sampled_from("abc")},
    optional={
        "output_tokens": COUNT,
        "cache_write_5m_tokens": COUNT,
        "cache_write_1h_tokens": COUNT,
        "model": st.sampled_from("xy"),
    },
)


@given(one=ROWS, other=ROWS, third=ROWS)
def test_the_order_of_reports_does_not_matter(one: dict[str, Any], other: dict[str, Any], third: dict[str, Any]):
    def same(row: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in row.items() if value != 0}

    assert same(joined(one, other)) == same(joined(other, one))
    assert same(joined(one, one)) == same(one)
    assert same(joined(joined(one, other), third)) == same(joined(one, joined(other, third)))
