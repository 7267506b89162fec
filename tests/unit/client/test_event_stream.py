"""A stream of events gives the same messages, however it is cut and whatever stands between them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.client.event_stream import Events

WANTED = {"id": None}
MESSAGES = st.lists(st.integers(0, 999), max_size=6)


def heard(stream: bytes, piece_bytes: int = 1 << 20) -> list[int]:
    events = Events(WANTED)
    pieces = [stream[start : start + piece_bytes] for start in range(0, len(stream), piece_bytes)]
    return [int(found["id"]) for piece in pieces for found in events.feed(piece)]


@given(MESSAGES, st.integers(1, 50), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["data: ", "data:"]))
def test_every_event_is_heard_in_any_pieces(numbers, piece_bytes, newline, field):
    lines = [(": ping", "event: message", f"id: {n}", field + json.dumps({"id": n}), "") for n in numbers]
    stream = newline.join(line for event in lines for line in event) + newline

    assert heard(stream.encode(), piece_bytes) == numbers


def test_the_data_of_an_event_may_stand_in_several_lines():
    pretty = json.dumps({"id": 5, "result": {}}, indent=1).splitlines()
    assert heard(("".join(f"data: {line}\n" for line in pretty) + "\n").encode()) == [5]


@pytest.mark.parametrize(
    "stream",
    [b"", b"data: {}", b'data: {"id":1}\n', b'{"id":1}\n\n', b'event: data: {"id":1}\n\n', b'dat: {"id":1}\n\n'],
)
def test_what_is_no_whole_event_is_not_heard(stream):
    assert heard(stream) == []


def test_an_event_without_a_message_is_passed_over():
    assert heard(b'data: [DONE]\n\ndata: words\n\ndata: {"id":2}\n\n') == [2]


def test_after_a_gap_the_next_event_is_heard_again():
    events = Events(WANTED)
    list(events.feed(b'data: {"id":1,'))
    events.lose()
    assert [found["id"] for found in events.feed(b'"x":2}\n\ndata: {"id":3}\n\n')] == [b"3"]
