from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tallyward.services.asked import Window
from tallyward.services.requests import RequestRow
from tallyward.services.sessions import SessionBoard, SessionLine, SessionsBoard, SpanLine
from tallyward.web.pages import sessions
from tallyward.web.pages.session import REST_DRAWN_MS, WIDTH, Lane, Moment, moments, render_session
from tests.frames import ADMIN, ENGINEER, LEAD, frame

AT = datetime(2026, 5, 17, 12, tzinfo=UTC)
WINDOW = Window(since=datetime(2026, 4, 17, tzinfo=UTC), until=None, days=30, tz="UTC")


def fire(second: float, name: str, took: int | None, **known: Any) -> SpanLine:
    facts: dict[str, Any] = dict.fromkeys(SpanLine.__struct_fields__)
    facts |= {"id": 1, "ts": AT + timedelta(seconds=second), "engineer_id": "mona", "skill_name": name, "depth": 0}
    facts |= {"runtime": "modal", "status": "success", "kind": "skill", "fire_key": "k", "seen_by": [], "start_ms": 0}
    return SpanLine(**{**facts, "latency_ms": took, **known})


def request(second: float, cost: int | None) -> RequestRow:
    facts: dict[str, Any] = dict.fromkeys(RequestRow.__struct_fields__, 0)
    facts |= {"ts": AT + timedelta(seconds=second), "request_key": "r", "model": "m-1", "input_tokens": 1_000}
    facts |= {"cache_read_tokens": 20_000, "output_tokens": 900, "prompt_id": "p", "seen_by": []}
    return RequestRow(**{**facts, "cost_micros": cost})


def line(**known: Any) -> SessionLine:
    facts: dict[str, Any] = {
        "session_id": "s/1", "engineer_id": "mona", "runtime": "modal", "repo": None, "started_at": AT,
        "ended_at": AT + timedelta(minutes=18, seconds=58), "prompts": 1, "fires": 2, "errors": 0, "skills": ["/ship"],
        "requests": 1, "cost_micros": 4_200, "unpriced_requests": 0, "session": "/v1/sessions/s%2F1",
    }  # fmt: skip
    return SessionLine(**{**facts, **known})


def board(spans: list[SpanLine], requests: list[RequestRow], session_id: str = "s/1") -> SessionBoard:
    return SessionBoard(
        tenant="default", session_id=session_id, engineer_id="mona", runtime="modal", repo=None, started_at=AT,
        ended_at=AT + timedelta(minutes=18), requests_total=len(requests), cost_micros=4_200, unpriced_requests=0,
        omitted=0, spans=spans, requests=requests,
    )  # fmt: skip


def test_what_holds_others_comes_before_them_and_requests_stand_between():
    whole = fire(0, "session", 9_000, kind="session")
    shown = moments(board([fire(0, "/ship", 2_000), whole], [request(1, 5)]))
    assert [getattr(moment.entry, "kind", "request") for moment in shown] == ["session", "skill", "request"]


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 10**7)), min_size=1, max_size=40))
def test_every_bar_is_inside_the_lane_and_none_goes_back_in_time(work: list[tuple[float, int]]):
    shown = moments(board([fire(second, "x", took) for second, took in work], []))
    lane = Lane(shown)
    bars = [lane.bar(number, moment.took) for number, moment in enumerate(shown)]
    assert all(float(left) >= 0 and float(left) + float(wide) <= WIDTH + 0.2 for left, wide in bars)
    places = [place for _, place in lane._starts]  # what the drawing stands on
    assert places == sorted(places)


def test_a_long_rest_is_cut_short_and_a_short_one_is_not():
    near = Lane(moments(board([fire(0, "x", 1_000), fire(5, "x", 1_000)], [])))
    assert near.whole == 6_000
    far = Lane(moments(board([fire(0, "x", 1_000), fire(7_200, "x", 1_000)], [])))
    assert far.whole == 1_000 + REST_DRAWN_MS + 1_000


def test_a_session_without_any_moment_is_no_mistake():
    assert Lane([]).whole == 1
    assert "Waterfall" in render_session(board([], []), frame(ADMIN, sessions.ROOM))


def test_a_request_is_told_with_its_tokens_and_its_cost():
    shown = render_session(board([], [request(1, 4_200), request(2, None)]), frame(ADMIN, sessions.ROOM))
    assert "$0.0042" in shown
    assert "21.0 k in, 900 out" in shown
    assert "no price" in shown


def test_a_hostile_session_is_text():
    shown = render_session(board([fire(0, "<script>x</script>", 1)], [], session_id="<b>"), frame(ADMIN, sessions.ROOM))
    assert "<script>x" not in shown
    assert "<b>" not in shown


def test_a_moment_of_nothing_is_a_mark():
    lane = Lane([Moment(AT, 0, None, request(0, 1))])
    assert lane.bar(0, 0) == ("0.0", f"{WIDTH:.1f}") or float(lane.bar(0, 0)[1]) >= 5


def listed(*rows: SessionLine, limit: int = 100) -> SessionsBoard:
    return SessionsBoard(
        tenant="default", window=WINDOW, filters={}, page=1, limit=limit, complete=True, rows=list(rows)
    )


def test_a_list_leads_to_each_session_and_keeps_the_range():
    shown = sessions.render_sessions(listed(line()), frame(ADMIN, sessions.ROOM, {"days": "7"}))
    assert 'href="/sessions/s%2F1?days=7"' in shown
    assert ">18 min<" in shown


def test_a_cost_says_where_something_has_no_price():
    around = frame(ADMIN, sessions.ROOM)
    assert sessions.cost_words(around, 2_000_000, 1, 3) == "$2.00+"
    assert sessions.cost_words(around, None, 3, 3) == "no price"
    assert sessions.cost_words(around, None, 0, 0) == "—"


def test_whoever_sees_none_is_told_why():
    assert "sessions of agents" in sessions.render_sessions(listed(), frame(LEAD, sessions.ROOM))
    assert "once something in it has fired" in sessions.render_sessions(listed(), frame(ENGINEER, sessions.ROOM))


def test_an_unknown_length_is_turned_by_pages():
    assert "page=2" in sessions.render_sessions(listed(line(), limit=1), frame(ADMIN, sessions.ROOM))
    assert "page=2" not in sessions.render_sessions(listed(line()), frame(ADMIN, sessions.ROOM))
