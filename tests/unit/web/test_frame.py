from datetime import UTC, datetime

import pytest

from tallyward.domain.money import Currency
from tallyward.errors import Invalid
from tallyward.web.pages._frame import Address, Room, as_sample, known_only, rooms
from tallyward.web.rendering import render
from tests.frames import ADMIN, ENGINEER, LEAD, frame


def test_an_address_keeps_what_was_asked_and_takes_changes():
    address = Address("/skills", {"days": "7", "repo": "o/r", "page": "3", "q": "a&b"})
    assert address() == "/skills?days=7&repo=o%2Fr&page=3&q=a%26b"
    assert address(page=None, from_="2026-10-01", days=None) == "/skills?repo=o%2Fr&q=a%26b&from=2026-10-01"
    assert address.only(("days",))("/cost") == "/cost?days=7"
    assert address.without("q") == {"days": "7", "repo": "o/r"}


def test_the_range_and_the_sample_go_along_from_page_to_page_and_filters_stay():
    links = {link.name: link.href for link in frame(given={"days": "7", "sample": "1", "repo": "o/r"}).rooms}
    assert links["Agents"] == "/agents?days=7&sample=1"


def test_the_navigation_shows_what_one_may_open_in_one_order():
    assert [link.name for link in frame(ADMIN).rooms][:2] == ["Wall", "Me"]
    assert "Tokens" in {link.name for link in frame(ADMIN).rooms}
    assert "Tokens" not in {link.name for link in frame(LEAD).rooms}
    assert len({room.href for room in rooms()}) == len(rooms())


@pytest.mark.parametrize(
    ("given", "words", "current"),
    [
        ({}, "the last 30 days", "30 days"),
        ({"days": "7"}, "the last 7 days", "7 days"),
        ({"days": "1"}, "the last day", None),
        ({"from": "2026-10-01", "to": "2026-11-01", "tz": "Europe/Paris"}, "2026-10-01 to 2026-11-01", None),
        ({"from": "2026-10-01"}, "2026-10-01 to now", None),
    ],
)
def test_the_range_is_told_in_words_and_marked(given: dict[str, str], words: str, current: str | None):
    around = frame(given=given)
    assert around.span == words
    assert next((link.name for link in around.ranges if link.current), None) == current


def test_choosing_a_range_forgets_the_other_kind_of_range_and_the_page():
    seven = frame(given={"from": "2026-10-01", "repo": "o/r", "page": "4"}).ranges[0]
    assert seven.href == "/somewhere?repo=o%2Fr&days=7"


def test_every_filter_is_shown_and_can_be_taken_off():
    chips = frame(given={"engineer": "mona", "kind": "skill", "days": "7"}).chips
    assert [(name, value) for name, value, _ in chips] == [("engineer", "mona"), ("kind", "skill")]
    assert chips[0][2] == "/somewhere?kind=skill&days=7"


def test_an_export_asks_for_the_same_and_the_sample_is_not_given_out():
    around = frame(given={"days": "7", "engineer": "mona", "sort": "x", "page": "2"}, exported="/v1/skills")
    assert [link.href for link in around.exports] == [
        "/v1/skills?days=7&engineer=mona&format=csv", "/v1/skills?days=7&engineer=mona&format=json",
    ]  # fmt: skip
    assert frame(exported="/v1/skills", sample=True).exports == ()


def test_the_last_day_of_a_range_without_an_end_is_tomorrow_for_the_viewer():
    around = frame(given={"from": "2026-10-01", "to": "2026-10-02", "tz": "Pacific/Auckland"})
    assert (around.first_day, around.last_day, around.today.isoformat()) == ("2026-10-01", "2026-10-02", "2026-10-02")
    assert around.asked.since == datetime(2026, 9, 30, 11, tzinfo=UTC)


def test_money_is_told_in_the_organisations_own_way():
    assert frame(currency=Currency(symbol="kr", after=True, per_usd=10, decimal=",", thousands=".")).money(
        123_456_789
    ) == ("1.234,57 kr")


def test_whoever_looks_at_the_sample_sees_all_of_it_and_nothing_else():
    seen = as_sample(ENGINEER)
    assert (seen.tenant, seen.role, seen.engineer_id) == ("sample", "admin", None)


def test_a_hostile_filter_is_text_in_the_tools():
    name = "<script>alert('1')</script>\"><b>"
    around = frame(given={"engineer": name, "q": name}, searched="skills", room=Room("Agents", "/agents"))
    shown = render("tools.html", frame=around)
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert "&lt;script&gt;" in shown


def test_what_no_page_can_be_asked_is_refused_by_its_name():
    assert known_only({"days": "7", "sort": "", "page": "2"}) == {"days": "7", "page": "2"}
    with pytest.raises(Invalid) as refused:
        known_only({"dyas": "7"})
    assert refused.value.field == "dyas"


def test_a_session_is_no_link_for_a_lead_who_may_not_open_it():
    assert frame(LEAD).session("s", "claude-code-cli") is None
    assert frame(LEAD).session("s", "k8s-job") == "/sessions/s"
    assert frame(LEAD, sample=True).session("s", "claude-code-cli") == "/sessions/s?sample=1"
    assert frame(ENGINEER).session("s", "claude-code-cli") == "/sessions/s"
    assert frame(ADMIN).session(None, "modal") is None
