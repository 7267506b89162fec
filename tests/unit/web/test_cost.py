from datetime import UTC, date, datetime, timedelta
from typing import Any

from tallyward.domain.money import Currency
from tallyward.domain.rate import rate
from tallyward.services.asked import Window
from tallyward.services.cost import CostBoard, CostLine, CostSeries, Spent, Unattributed, Unpriced
from tallyward.services.requests import RequestRow, RequestsBoard
from tallyward.services.usage import ReconciledDay
from tallyward.web.pages.cost import ROOM, chart_of, reconciled, render_cost
from tallyward.web.pages.requests import PAGE_OF, render_requests
from tests.frames import ADMIN, ENGINEER, LEAD, frame

WINDOW = Window(since=datetime(2026, 4, 17, tzinfo=UTC), until=None, days=30, tz="UTC")
DAYS = [date(2026, 5, 1) + timedelta(days=step) for step in range(3)]


def spent(**known: Any) -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys(Spent.__struct_fields__, 10)
    return {**facts, "cost_micros": 2_500_000, "unpriced_requests": 0, "suppressed": False, **known}


def line(key: str, **known: Any) -> CostLine:
    return CostLine(key=key, rows=f"/v1/requests?from=x&skill={key}", **spent(**known))


def board(*rows: CostLine, **known: Any) -> CostBoard:
    facts: dict[str, Any] = {
        "entire": Spent(**spent()), "unattributed": None, "unpriced": [], "days": [], "daily": [], "found": len(rows),
    }  # fmt: skip
    return CostBoard(
        tenant="default",
        window=WINDOW,
        filters={},
        by="skill",
        page=1,
        limit=100,
        rows=list(rows),
        **{**facts, **known},
    )


def day(**known: Any) -> ReconciledDay:
    facts: dict[str, Any] = dict.fromkeys(ReconciledDay.__struct_fields__, 0)
    return ReconciledDay(**{**facts, "day": DAYS[0], "engineer_id": "mona", **known})


def test_a_cost_leads_to_its_requests_and_is_told_in_the_tenants_format():
    euro = Currency(symbol="€", after=True, per_usd=0.5, decimal=",", thousands=".")
    shown = render_cost(board(line("ship")), [], frame(LEAD, ROOM, currency=euro))
    assert 'href="/requests?from=x&amp;skill=ship">1,25 €</a>' in shown


def test_what_has_no_price_is_said_and_never_nothing():
    shown = render_cost(
        board(line("ship", cost_micros=None), unpriced=[Unpriced(model="m", requests=3)]), [], frame(LEAD, ROOM)
    )
    assert "no price</a>" in shown
    assert "Models without a known price" in shown
    assert 'href="/requests?model=m"' in shown


def test_a_suppressed_line_shows_its_name_and_nothing_else():
    hidden = dict.fromkeys(Spent.__struct_fields__) | {"suppressed": True}
    shown = render_cost(board(line("secret", **hidden)), [], frame(ENGINEER, ROOM))
    assert "fewer than three people, so not told" in shown
    assert "skill=secret" not in shown


def test_what_no_skill_explains_is_told_with_its_share():
    lost = Unattributed(requests=5, cost_micros=1_000_000, share=rate(5, 10))
    shown = render_cost(board(line("x"), unattributed=lost), [], frame(LEAD, ROOM))
    assert 'href="/requests?skill=%28none%29">$1.00</a>' in shown
    assert "50% of 10" in shown


def test_the_days_are_stacked_by_what_the_cost_is_told_by():
    daily = [CostSeries(key=f"s{number}", cost_micros=[number, None, 0]) for number in range(1, 12)]
    chart = chart_of(board(line("x"), days=DAYS, daily=daily), frame(LEAD, ROOM))
    assert chart
    assert [series.name for series in chart.series][-1] == "the rest"
    assert chart.most == sum(range(1, 12))
    assert chart_of(board(line("x")), frame(LEAD, ROOM)) is None


def test_ours_and_theirs_are_compared_over_reports_that_have_both():
    told = reconciled(
        [day(compared_requests=2, our_micros=1_000_000, reported_micros=1_100_000), day()], frame(LEAD, ROOM)
    )
    assert told
    assert (told["ours"], told["theirs"], told["gap"], told["share"]) == ("$1.00", "$1.10", "$0.10", "+10.0%")
    assert reconciled([day()], frame(LEAD, ROOM)) is None


def test_every_way_to_tell_it_keeps_the_range_and_forgets_the_page():
    shown = render_cost(board(line("x")), [], frame(LEAD, ROOM, {"days": "7", "page": "3"}))
    assert 'href="/cost?days=7&amp;by=model"' in shown


def test_nothing_metered_says_what_meters():
    nothing = Spent(**spent(requests=0))
    assert "tally backfill" in render_cost(board(entire=nothing), [], frame(LEAD, ROOM))


def test_a_hostile_key_is_text():
    assert "<script>x" not in render_cost(board(line("<script>x</script>")), [], frame(ADMIN, ROOM))


def asked(**known: Any) -> RequestRow:
    facts: dict[str, Any] = dict.fromkeys(RequestRow.__struct_fields__)
    facts |= {"request_key": "r", "ts": datetime(2026, 5, 17, tzinfo=UTC), "model": "m-1", "seen_by": []}
    facts |= dict.fromkeys([name for name in facts if name.endswith(("_tokens", "_requests"))], 1_000)
    return RequestRow(**{**facts, **known})


def test_the_rows_behind_a_cost_are_told_to_the_hundredth_of_a_cent():
    listed = RequestsBoard(
        tenant="default", window=WINDOW, filters={}, page=1, limit=2, total=2, cost_micros=4_200,
        requests=[asked(cost_micros=4_200, session_id="s/1"), asked()],
    )  # fmt: skip
    shown = render_requests(listed, frame(ADMIN, PAGE_OF))
    assert "2 metered requests of the last 30 days, &lt;$0.01 at list prices" in shown
    assert "$0.0042" in shown
    assert "no price" in shown
    assert 'href="/sessions/s%2F1"' in shown


def test_no_requests_say_what_to_do():
    listed = RequestsBoard(
        tenant="default", window=WINDOW, filters={}, page=1, limit=2, total=0, cost_micros=None, requests=[]
    )
    assert "Take a filter off" in render_requests(listed, frame(LEAD, PAGE_OF))
