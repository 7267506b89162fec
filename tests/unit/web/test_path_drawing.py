"""The way of a pull request, drawn: every stretch can be seen, and all of them together are as wide as the box."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tallyward.domain.shepherd_states import STATES
from tallyward.services.decisions import Stretch, path_of
from tallyward.web.path_drawing import LEAST, LOOKS, SHOWN_MAX, WIDTH, draw_path, lasting

BEGAN = datetime(2026, 5, 1, tzinfo=UTC)


def looks(*reasons: str) -> list[dict[str, Any]]:
    return [
        {"at": BEGAN + timedelta(minutes=5 * place), "action": "wait", "reason": reason}
        for place, reason in enumerate(reasons)
    ]


def test_looks_that_found_the_same_are_one_stretch_that_lasts_until_the_next():
    path = path_of(looks("checks_pending", "checks_pending", "awaiting_approval"), BEGAN + timedelta(hours=1))
    assert [(one.stands, one.until - one.since) for one in path] == [
        ("CI_PENDING", timedelta(minutes=10)),
        ("REVIEW_WAIT", timedelta(minutes=50)),
    ]


@given(st.lists(st.tuples(st.sampled_from(STATES), st.integers(0, 10**6)), max_size=40))
def test_every_stretch_can_be_seen_and_together_they_fill_the_box(told: list[tuple[Any, int]]):
    path, at = [], BEGAN
    for stands, seconds in told:
        path.append(Stretch(stands=stands, since=at, until=at + timedelta(seconds=seconds)))
        at += timedelta(seconds=seconds)
    drawn = draw_path(path)
    assert len(drawn.pieces) == min(len(path), SHOWN_MAX)
    assert all(piece.width >= LEAST for piece in drawn.pieces)
    right = max((piece.x + piece.width for piece in drawn.pieces), default=0)
    assert right <= WIDTH + SHOWN_MAX * 0.2
    assert drawn.title.startswith("… → ") == (len(path) > SHOWN_MAX)


def test_every_state_has_a_look_and_every_span_its_words():
    assert set(LOOKS) == set(STATES)
    assert [lasting(timedelta(minutes=minutes)) for minutes in (0, 119, 120, 2_879, 2_880)] == [
        "0 min", "119 min", "2 h", "47 h", "2 d",
    ]  # fmt: skip
