"""The shapes that the values of a record may take."""

from typing import get_args

import pytest

from tallyward.capture import _base
from tallyward.domain.fire import Runtime


def test_the_hook_and_the_server_know_the_same_runtimes():
    assert get_args(Runtime) == _base.RUNTIMES


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("a\nb\x00c", "a b c"),
        ("  x ", "x"),
        ("naïve", "naïve"),
        ("\ud800", None),
        ("", None),
        (7, None),
        ("x" * 600, "x" * 500),
    ],
)
def test_text_is_one_line_that_a_database_keeps(value, clean):
    assert _base.text(value) == clean


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        (3, 3),
        (3.7, 3),
        (-1, None),
        (True, None),
        ("3", None),
        (2**31, None),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_a_count_is_a_number_that_fits(value, clean):
    assert _base.count(value) == clean


def test_a_program_that_writes_no_transcript_has_one_with_nothing_in_it():
    written = _base.Transcript()
    assert (written.origin(), written.size(), written.records("x"), written.records("x", 0)) == (None, 0, [], [])
