from datetime import UTC, datetime, timedelta, timezone

import pytest
from jinja2 import UndefinedError

from tallyward.web.rendering import (
    CONTENT_SECURITY_POLICY,
    Page,
    clip,
    clock_text,
    duration,
    machine_text,
    number,
    render,
)


def test_the_policy_allows_our_own_files_and_nothing_inline():
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    assert Page("x").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (None, "—"),
        (0, "0 ms"),
        (999, "999 ms"),
        (1_240, "1.2 s"),
        (59_940, "59.9 s"),
        (59_960, "1 min 00 s"),
        (84_000, "1 min 24 s"),
        (3_600_000, "1 h 00 min"),
        (2**31 - 1, "596 h 31 min"),
    ],
)
def test_a_duration_is_said_in_words(milliseconds: int | None, words: str):
    assert duration(milliseconds) == words


def test_no_number_is_not_zero():
    assert (number(None), number(0), number(1_234_567)) == ("—", "0", "1,234,567")


def test_a_long_text_is_cut_and_marked():
    assert clip("a" * 120) == "a" * 120
    assert clip("a" * 121) == "a" * 119 + "…"


def test_a_moment_is_told_in_utc_whatever_zone_it_came_in():
    there = datetime(2026, 5, 17, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    assert clock_text(there) == "16 May 23:02:03 UTC"
    assert machine_text("2026-05-17T01:02:03+02:00") == machine_text(there.astimezone(UTC)) == "2026-05-16T23:02:03Z"


def test_a_page_that_lacks_a_value_fails_instead_of_being_half_empty():
    with pytest.raises(UndefinedError):
        render("problem.html", viewer=None, here="", mark="")
