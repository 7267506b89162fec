"""A board's rows as CSV: readable by every program, run by none."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from msgspec import Struct

from tallyward.domain.rate import Rate, rate
from tallyward.web.tables import as_csv, cell, type_of_rows


class Line(Struct):
    name: str
    count: int | None
    share: Rate | None
    daily: list[int]
    suppressed: bool


class Lines(Struct):
    rows: list[Line]


def read(*lines: Line) -> list[list[str]]:
    body = as_csv(lines, Line, "lines").body
    return list(csv.reader(io.StringIO(bytes(body).decode(), newline=""), strict=True))


def test_a_struct_within_a_row_has_a_column_for_each_of_its_fields():
    head, row = read(Line("a", 4, rate(4, 4), [1, 2], suppressed=False))
    assert head == ["name", "count", "share_value", "share_n", "share_low", "share_high", "daily", "suppressed"]
    assert row[:4] == ["a", "4", "1.0", "4"]
    assert row[6:] == ["1 2", "false"]


def test_no_value_is_an_empty_cell_and_no_row_still_has_a_head():
    assert read(Line("a", None, None, [], suppressed=True))[1] == ["a", "", "", "", "", "", "", "true"]
    assert len(read()) == 1


@pytest.mark.parametrize("name", ['a,b "c"', "line\r\nbreak", "Zoë 🦉 \u202ex", "x" * 10_000, "'", "<script>", " "])
def test_every_name_comes_back_whole(name: str):
    assert read(Line(name, 1, None, [], suppressed=False))[1][0] == name


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("x")'])
def test_no_text_is_a_formula(name: str):
    assert read(Line(name, -1, None, [], suppressed=False))[1][:2] == ["'" + name, "-1"]


def test_moments_are_written_as_the_api_writes_them():
    assert cell(datetime(2026, 5, 17, tzinfo=UTC)) == "2026-05-17T00:00:00.000000Z"
    assert cell(date(2026, 5, 17)) == "2026-05-17"


def test_lines_end_as_the_standard_says_and_the_file_has_a_name():
    answer = as_csv([], Line, "skills")
    assert bytes(answer.body).endswith(b"suppressed\r\n")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == 'attachment; filename="skills.csv"'


def test_the_columns_are_known_from_the_type_of_the_board():
    assert type_of_rows(Lines([]), "rows") is Line
    with pytest.raises(TypeError, match="no list of structs"):
        type_of_rows(Lines([]), "columns")
