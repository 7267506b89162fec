"""What an address asks for is read in one way, and what it cannot mean is refused by name."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from tallyward.errors import Invalid
from tallyward.services.asked import Asked, Paging, last_days, read, read_paging

NOW = datetime(2026, 10, 25, 12, 30, tzinfo=UTC)


def asked(**given: str) -> Asked:
    return read({name.rstrip("_"): value for name, value in given.items()}, now=NOW)


def test_nothing_said_is_the_last_thirty_days_without_an_end():
    found = asked()
    assert (found.since, found.until, found.days, found.filters) == (NOW - timedelta(days=30), None, 30, {})
    assert asked(days="", skill="") == found


def test_days_are_whole_days_of_the_readers_zone():
    found = asked(from_="2026-10-25", to="2026-10-26", tz="Europe/Paris")
    assert found.since == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert found.until == datetime(2026, 10, 25, 23, tzinfo=UTC), "on that day the clocks go back"


def test_a_moment_is_a_moment_in_every_zone():
    found = asked(from_="2026-10-01T08:00:00+02:00", tz="Asia/Kathmandu")
    assert (found.since, found.until) == (datetime(2026, 10, 1, 6, tzinfo=UTC), None)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("days", {"days": "0"}),
        ("days", {"days": "367"}),
        ("days", {"days": "1e9"}),
        ("days", {"days": "٣"}),
        ("days", {"days": "-1"}),
        ("days", {"days": "7", "from": "2026-01-01"}),
        ("from", {"to": "2026-01-01"}),
        ("to", {"from": "2026-01-02", "to": "2026-01-01"}),
        ("to", {"from": "2026-01-02", "to": "2026-01-02"}),
        ("from", {"from": "1970-01-01", "to": "2069-12-31"}),
        ("from", {"from": "1970-01-01"}),
        ("from", {"from": "0001-01-01"}),
        ("from", {"from": "2026-02-30"}),
        ("from", {"from": "2026-01-01T00:00:00"}),
        ("from", {"from": "x" * 10_000}),
        ("to", {"from": "2026-01-01", "to": "9999-12-31"}),
        ("tz", {"tz": "Mars/Olympus"}),
        ("tz", {"tz": "../../etc/passwd"}),
        ("tz", {"tz": "/etc/localtime"}),
        ("tz", {"tz": "Europe"}),
        ("tz", {"tz": "x" * 10_000}),
        ("runtime", {"runtime": "abacus"}),
        ("status", {"status": "ok"}),
        ("kind", {"kind": "skill,spell"}),
        ("kind", {"kind": ","}),
        ("engineer", {"engineer": "x" * 10_000}),
        ("skill", {"skill": "a\0b"}),
        ("skill", {"skill": "\udcff"}),
        ("q", {"q": "x" * 201}),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(field: str, given: dict[str, str]):
    with pytest.raises(Invalid) as refused:
        read(given, now=NOW)
    assert refused.value.field == field
    assert len(str(refused.value)) < 300, "a long value is not said back whole"


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "\u202egnirts", "🦉", "100%", "'; DROP TABLE x; --", " ", "x" * 500]
)
def test_any_name_may_be_a_filter_and_comes_back_from_the_address(name: str):
    found = asked(engineer=name, skill=name, repo=name, model=name, session=name, q=name[:200])
    again = read(dict(parse_qsl(found.query())), now=NOW)
    assert (again.filters, again.q, again.since) == (found.filters, found.q, found.since)


def test_the_rows_of_a_number_are_those_of_the_same_range_and_filters_and_of_no_search():
    link = asked(days="7", repo="o/a", kind="agent,skill", q="find me", tz="Asia/Tokyo").rows(
        skill="/a b", kind="skill"
    )
    parts = urlsplit(link)
    assert parts.path == "/v1/fires"
    assert dict(parse_qsl(parts.query)) == {
        "from": "2026-10-18T12:30:00.000000Z", "tz": "Asia/Tokyo", "repo": "o/a", "kind": "skill", "skill": "/a b",
    }  # fmt: skip


def test_kinds_come_in_one_order_and_each_once():
    assert asked(kind="agent, skill,agent").kinds == ("skill", "agent")


def test_the_last_days_are_for_programs_and_have_the_same_limits():
    assert last_days(7).days == 7
    with pytest.raises(Invalid):
        last_days(0)


def test_pages_begin_at_one():
    assert read_paging({}) == Paging(page=1, limit=100)
    assert read_paging({"page": "3", "limit": "20"}).offset == 40


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("page", {"page": "0"}),
        ("page", {"page": "1000000000"}),
        ("page", {"page": "1e9"}),
        ("page", {"page": "9" * 10_000}),
        ("limit", {"limit": "1001"}),
        ("limit", {"limit": "all"}),
    ],
)
def test_a_page_that_there_is_not_is_refused(field: str, given: dict[str, str]):
    with pytest.raises(Invalid) as refused:
        read_paging(given)
    assert refused.value.field == field
