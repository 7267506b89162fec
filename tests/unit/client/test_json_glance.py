"""A glance sees what `json` would see at the wanted places, however the text is cut, and holds nothing else."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallyward.client.json_glance import SCALAR_BYTES_MAX, Found, Glance, Lines, scalar

WANTED = {"id": None, "error": None, "result": {"isError": None}, "params": {"name": None, "_meta": {"key": None}}}

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
NAMES = st.sampled_from(["id", "error", "result", "isError", "params", "name", "_meta", "key"]) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=20
)
MESSAGES = st.dictionaries(NAMES, VALUES, max_size=5)


def messages_in(text: bytes, piece_bytes: int) -> list[Found]:
    glance = Glance(WANTED)
    for start in range(0, len(text), piece_bytes):
        glance.feed(text[start : start + piece_bytes])
    return glance.end()


def glanced(text: bytes, piece_bytes: int = 1 << 20) -> list[dict[str, Any]]:
    return [dict(found) for found in messages_in(text, piece_bytes)]


def expected(message: dict[str, Any], wanted: dict[str, Any] = WANTED, path: str = "") -> dict[str, Any]:
    """The slow truth: what stands at the wanted places of a parsed message."""
    found: dict[str, Any] = {}
    for name, inside in wanted.items():
        if name in message:
            value = message[name]
            here = f"{path}.{name}" if path else name
            found[here] = {dict: b"{", list: b"["}.get(type(value), value)
            if inside and isinstance(value, dict):
                found |= expected(value, inside, here)
    return found


def values(found: dict[str, bytes]) -> dict[str, Any]:
    return {path: raw if raw in (b"{", b"[") else scalar(raw) for path, raw in found.items()}


@given(MESSAGES, st.integers(1, 40), st.booleans(), st.sampled_from([None, 1]))
@example({"params": {"name": 'a\\"b', "_meta": {"key": "\\"}}, "id": 1.5}, 1, True, None)
def test_whatever_the_message_and_its_pieces_the_wanted_is_found(message, piece_bytes, ascii_only, indent):
    text = json.dumps(message, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")

    assert [values(found) for found in glanced(text, piece_bytes)] == [expected(message)]


@given(st.lists(MESSAGES, max_size=4), st.integers(1, 40))
def test_a_list_of_messages_gives_each(messages, piece_bytes):
    found = glanced(json.dumps(messages).encode(), piece_bytes)

    assert [values(one) for one in found] == [expected(message) for message in messages]


@given(st.lists(MESSAGES, min_size=1, max_size=4), st.integers(1, 40), st.sampled_from(["", " ", "\n"]))
def test_a_message_is_as_large_as_from_its_first_brace_to_its_last(messages, piece_bytes, space):
    texts = [json.dumps(message).encode() for message in messages]
    text = f"{space}[{space}".encode() + f"{space},".encode().join(texts) + f"{space}]{space}".encode()

    assert [found.size_bytes for found in messages_in(text, piece_bytes)] == [len(text) for text in texts]


@given(VALUES, st.integers(2_000, 9_000))
def test_a_large_value_that_nobody_wants_is_passed_over_whole(value, piece_bytes):
    message = {"result": {"content": [value, ["\\", '"', "}", {"x": ["]"]}]] * 500, "isError": True}, "id": 7}

    assert [values(found) for found in glanced(json.dumps(message).encode(), piece_bytes)] == [expected(message)]


@given(st.binary(), st.integers(1, 10))
@example(b'{"id":1' + b"}" * 9, 3)
@example(b"[[]]", 1)
def test_any_bytes_at_all_are_read_without_complaint_and_the_next_text_is_read_right(noise, piece_bytes):
    lines = Lines(WANTED)
    for start in range(0, len(noise), piece_bytes):
        list(lines.feed(noise[start : start + piece_bytes]))

    assert [values(found) for found in lines.feed(b'\n{"id":"after"}\n')][-1] == {"id": "after"}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"5",
        b'"id"',
        b"{",
        b'{"id":1',
        b'{"id"}',
        b'{"id":}',
        b'{"id" 1}',
        b'{,"id":1}',
        b"[1]",
        b"plain words",
    ],
)
def test_what_is_no_message_gives_none(text):
    assert glanced(text) == []


def test_of_a_list_that_breaks_off_the_whole_messages_are_kept():
    assert glanced(b'[{"id":1},{"id":2},{"id') == [{"id": b"1"}, {"id": b"2"}]


def test_a_message_is_there_as_soon_as_its_last_bracket_is_and_is_given_once():
    glance = Glance(WANTED)
    glance.feed(b'[{"id":1}, {"id":2')
    assert glance.take() == [{"id": b"1"}]
    glance.feed(b"}")
    assert glance.take() == [{"id": b"2"}]
    glance.feed(b"]\n")
    assert glance.end() == []


def test_of_an_overlong_scalar_only_the_beginning_is_kept():
    (found,) = glanced(json.dumps({"id": "x" * 10_000}).encode())

    assert scalar(found["id"]) == "x" * SCALAR_BYTES_MAX


def test_a_hundred_megabytes_pass_in_constant_memory():
    glance, block = Glance(WANTED), b"text \\n with \\" * 5_000
    tracemalloc.start()
    glance.feed(b'{"result":{"content":[{"text":"')
    for _ in range(100_000_000 // len(block)):
        glance.feed(block)
    glance.feed(b'x"}],"isError":false},"id":9}')
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert glance.end() == [{"result": b"{", "result.isError": b"false", "id": b"9"}]
    assert peak < 1024 * 1024


def test_after_a_gap_the_rest_of_the_line_is_given_up_and_the_next_is_read():
    lines = Lines(WANTED)
    list(lines.feed(b'{"id":1,"params":{"na'))
    lines.lose()

    assert list(lines.feed(b'me":"x"}}\n{"id":2}\n')) == [{"id": b"2"}]
