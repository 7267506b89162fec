"""Single facts out of a payload that may hold anything: right, or not told."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.webhooks import _fields as fields

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize("value", ["a b", "é", "deep/branch-1", "x" * 255])
def test_a_name_is_one_line_that_can_be_printed(value: str) -> None:
    assert fields.name(value) == value


@pytest.mark.parametrize("value", ["", "x" * 256, "two\nlines", "nul\0", "\ud800", "\u202e", 7, None, ["a"]])
def test_what_is_no_name_was_not_told(value: object) -> None:
    assert fields.name(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T12:00:00+02:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        (1_795_168_800, datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None), ("1970-01-01T01:00:00+01:00", None), (10**18, None), (-1, None),
        ("9999-12-31T23:59:59-14:00", None), ("soon", None), (True, None), ("2026" * 50, None),
    ],
)  # fmt: skip
def test_a_moment_is_text_or_seconds(value: object, expected: datetime | None) -> None:
    assert fields.moment(value) == expected


def test_a_commit_is_whole_and_is_somebody_s() -> None:
    assert fields.commit("a" * 40) == "a" * 40
    assert fields.commit("b" * 64) == "b" * 64
    assert [fields.commit(value) for value in ("0" * 40, "a" * 39, "A" * 40, "g" * 40, None, 7)] == [None] * 6


def test_labels_are_names_and_what_is_none_is_left_out() -> None:
    payload = {"labels": [{"name": "bug"}, {"name": "two\nlines"}, "odd", None, {"name": "x" * 101}]}
    assert fields.labels(payload, "labels") == ["bug"]
    assert fields.labels({"labels": None}, "labels") is None
    assert fields.labels({"labels": [{"name": "x"}] * 1_000}, "labels") == ["x"] * 100


@given(ANYTHING)
def test_nothing_makes_a_field_raise(value: object) -> None:
    for read in (fields.number, fields.switch, fields.name, fields.word, fields.repo, fields.commit, fields.moment):
        assert read(value) is None or value is not None
    assert isinstance(fields.words_to_drop(value), str)
    assert fields.inside(value, "a", "b") is None or isinstance(value, dict)
    assert fields.labels(value, "a") is None or isinstance(value, dict)
