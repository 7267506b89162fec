"""The sink that is a file: it has each point once whatever crashed, and touches no file of somebody else."""

import json
from pathlib import Path

import pytest

from tallyward.domain.sink import SinkConfig
from tallyward.errors import SinkMisconfigured
from tallyward.sinks.jsonl import Jsonl
from tallyward.testing.sink_conformance import Kept, SinkConformance, observed


@pytest.fixture
def sink(tmp_path: Path) -> Jsonl:
    return Jsonl(SinkConfig(name="file", kind="jsonl", path="points.jsonl"), tmp_path)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    def found():
        rows = map(json.loads, (tmp_path / "points.jsonl").read_text("utf-8").splitlines())
        return {
            (row["measurement"], row["tags"]["pr"], row["ns"], name): float(value)
            for row in rows
            for name, value in row["fields"].items()
            if not isinstance(value, str)
        }

    return found


class TestJsonl(SinkConformance):
    pass


async def test_half_a_line_of_a_crash_is_cut_off_and_written_again(sink: Jsonl, tmp_path: Path):
    points = [observed(1), observed(2)]
    await sink.send(points)
    whole = (tmp_path / "points.jsonl").read_bytes()
    for cut in (len(whole) - 1, len(whole) - 40, len(whole) // 2 - 3, 5):
        (tmp_path / "points.jsonl").write_bytes(whole[:cut])
        await sink.send(points)
        assert (tmp_path / "points.jsonl").read_bytes() == whole


@pytest.mark.parametrize("content", [b"127.0.0.1 localhost", b"[1]\n", b"{}\nmine", b"not json\n", b"x" * 200_000])
async def test_a_file_of_somebody_else_is_left_as_it_is(sink: Jsonl, tmp_path: Path, content: bytes):
    (tmp_path / "points.jsonl").write_bytes(content)
    with pytest.raises(SinkMisconfigured):
        await sink.send([observed(1)])
    assert (tmp_path / "points.jsonl").read_bytes() == content


async def test_a_folder_that_is_not_there_is_said(sink: Jsonl, tmp_path: Path):
    elsewhere = Jsonl(SinkConfig(name="file", kind="jsonl", path="no/where.jsonl"), tmp_path)
    with pytest.raises(SinkMisconfigured, match="cannot be written"):
        await elsewhere.send([observed(1)])
