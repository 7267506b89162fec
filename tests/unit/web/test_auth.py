"""Which token came with a request: one in one header, or the one in the cookie, and nothing that only looks like it."""

import pytest
from starlette.requests import Request

from tallyward.errors import CrossSite
from tallyward.ids import new_token
from tallyward.web.auth import COOKIE, presented, require_same_site

TOKEN = new_token("lead")


def request(*headers: tuple[str, str], method: str = "POST") -> Request:
    raw = [(name.lower().encode(), value.encode("utf-8")) for name, value in headers]
    return Request({"type": "http", "method": method, "headers": raw})


def found(*headers: tuple[str, str]) -> str | None:
    secret = presented(request(*headers))
    return secret.reveal() if secret is not None else None


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Token"])
def test_a_token_is_found_behind_bearer_and_behind_the_word_of_influxdb(scheme: str) -> None:
    assert found(("Authorization", f"{scheme} {TOKEN}")) == TOKEN


@pytest.mark.parametrize(
    "value",
    [
        "", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer\t{TOKEN}", f"Bearer {TOKEN}é",
        f"Bearer \N{ARABIC-INDIC DIGIT ONE}{TOKEN}",
        "Bearer " + "x" * 201, "Bearer " + "x" * 100_000, f"Digest {TOKEN}",
    ],
)  # fmt: skip
def test_what_cannot_be_a_token_of_ours_is_none(value: str) -> None:
    assert found(("Authorization", value)) is None


def test_two_headers_are_no_token_even_when_one_is_good() -> None:
    good, other = ("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer other")
    assert found(good, other) is found(other, good) is found(good, good) is None


def test_the_cookie_counts_only_where_there_is_no_header() -> None:
    cookie = ("Cookie", f"a=b; {COOKIE}={TOKEN}")
    assert found(cookie) == TOKEN
    assert found(cookie, ("Authorization", "Basic x")) is None
    assert found(cookie, ("Authorization", "Bearer other")) == "other"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "odd"])
def test_another_site_may_not_act_but_may_lead_here(site: str) -> None:
    with pytest.raises(CrossSite):
        require_same_site(request(("Sec-Fetch-Site", site)))
    require_same_site(request(("Sec-Fetch-Site", site), method="GET"))


@pytest.mark.parametrize("headers", [[], [("Sec-Fetch-Site", "same-origin")], [("Sec-Fetch-Site", "none")]])
def test_the_site_itself_and_whoever_types_the_address_may_act(headers: list[tuple[str, str]]) -> None:
    require_same_site(request(*headers))
    assert presented(request(*headers)) is None
