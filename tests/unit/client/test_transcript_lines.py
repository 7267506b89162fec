"""Whole lines of a file, however long they are, whoever is writing them, and where the last reading stopped."""

import json
import sys
import tracemalloc
from pathlib import Path

import pytest

from tallyward.client import transcript_lines
from tallyward.client.transcript_lines import LINE_BYTES_MAX, Lines, Unreadable, document

try:
    from compression import zstd
except ImportError:
    from backports import zstd

EVERYTHING = sys.maxsize


def read(path: Path, offset: int = 0, bytes_max: int = EVERYTHING) -> tuple[list[bytes], Lines]:
    with Lines(path, offset) as lines:
        return list(lines.slice(bytes_max)), lines


def test_a_slice_ends_after_a_whole_line_and_the_next_one_goes_on_there(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":2}\n{"a":3}\n')
    first, lines = read(path, bytes_max=9)
    assert (first, lines.offset, lines.ended) == ([b'{"a":1}\n', b'{"a":2}\n'], 16, False)
    rest, lines = read(path, lines.offset)
    assert (rest, lines.offset, lines.ended, lines.held_back) == ([b'{"a":3}\n'], 24, True, False)


@pytest.mark.parametrize("torn", [b'{"a":2', b'{"a":"\xc3', b"\x00"])
def test_a_line_that_somebody_is_writing_is_held_back_until_it_is_whole(tmp_path: Path, torn: bytes):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a":1}\n' + torn)
    first, lines = read(path)
    assert (first, lines.offset, lines.held_back) == ([b'{"a":1}\n'], 8, True)
    path.write_bytes(b'{"a":1}\n{"a":2}\n')
    assert read(path, lines.offset)[0] == [b'{"a":2}\n']


def test_a_last_line_that_is_whole_needs_no_line_break(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":2}')
    first, lines = read(path)
    assert (len(first), lines.offset, lines.held_back) == (2, 15, False)


def test_a_line_too_long_to_be_a_record_is_passed_over_in_little_memory(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'{"a":1}\n{"a":"')
        for _ in range(100):
            file.write(b"x" * 1024 * 1024)
        file.write(b'"}\n{"a":3}\n')
    tracemalloc.start()
    first, lines = read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (first, lines.too_long, lines.offset) == ([b'{"a":1}\n', b'{"a":3}\n'], 1, path.stat().st_size)
    assert peak < 4 * LINE_BYTES_MAX


def test_a_line_too_long_that_has_no_end_yet_is_held_back(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a":1}\n' + b"x" * (LINE_BYTES_MAX + 5))
    first, lines = read(path)
    assert (len(first), lines.offset, lines.too_long, lines.held_back) == (1, 8, 0, True)


def test_an_empty_file_has_no_lines(tmp_path: Path):
    (tmp_path / "a.jsonl").touch()
    first, lines = read(tmp_path / "a.jsonl")
    assert (first, lines.ended, lines.held_back) == ([], True, False)


def test_a_file_in_zstd_is_read_from_any_place(tmp_path: Path):
    path = tmp_path / "a.jsonl.zst"
    records = [json.dumps({"a": number}).encode() + b"\n" for number in range(10_000)]
    path.write_bytes(zstd.compress(b"".join(records)))
    first, lines = read(path, bytes_max=50_000)
    rest, _ = read(path, lines.offset)
    assert first + rest == records


@pytest.mark.parametrize("damaged", [b"no zstd at all", b"\x28\xb5\x2f\xfd\x00"])
def test_a_damaged_file_in_zstd_is_unreadable(tmp_path: Path, damaged: bytes):
    (tmp_path / "a.jsonl.zst").write_bytes(damaged)
    with pytest.raises(Unreadable):
        read(tmp_path / "a.jsonl.zst")


def test_what_stands_before_the_damage_is_given(tmp_path: Path):
    path = tmp_path / "a.jsonl.zst"
    records = [json.dumps({"a": number * 7_919 % 104_729}).encode() + b"\n" for number in range(100_000)]
    whole = zstd.compress(b"".join(records))
    path.write_bytes(whole[: len(whole) // 2])
    given: list[bytes] = []
    with Lines(path) as lines, pytest.raises(Unreadable):
        given.extend(lines.slice(EVERYTHING))
    assert 0 < len(given) < len(records)
    assert given == records[: len(given)]
    assert lines.offset == sum(map(len, given))


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path):
    for missing in (tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(Unreadable):
            read(missing)
        with pytest.raises(Unreadable):
            document(missing)


def test_a_document_is_read_whole_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.json").write_bytes(b'{\n "a": 1\n}')
    assert document(tmp_path / "a.json") == b'{\n "a": 1\n}'
    monkeypatch.setattr(transcript_lines, "DOCUMENT_BYTES_MAX", 5)
    with pytest.raises(Unreadable):
        document(tmp_path / "a.json")
