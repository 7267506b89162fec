import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tallyward.errors import LedgerUnavailable
from tallyward.web.pages import CALLS, problem
from tallyward.web.pages._forms import safe_onward
from tallyward.web.pages._frame import rooms


@pytest.mark.parametrize("address", ["/", "/me", "/?sort=engineer&order=asc", "/tokens", "/me?x=//y"])
def test_the_way_on_is_kept_when_it_is_ours(address: str):
    assert safe_onward(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "me",
        "/\nx",
        "/" + "a" * 999,
    ],
)
def test_nobody_is_sent_elsewhere_by_signing_in(address: str):
    assert safe_onward(address) == "/"


@given(st.text())
def test_the_way_on_is_always_a_path_of_ours(address: str):
    onward = safe_onward(address)
    assert onward.startswith("/")
    assert not onward.startswith(("//", "/\\"))


def test_every_page_may_be_opened_by_readers_or_administers_or_is_the_door():
    access = {(call.method, call.path): call.access for call in CALLS}
    doors = {key for key, needed in access.items() if needed == "open"}
    assert {("GET", "/sign-in"), ("POST", "/sign-in"), ("POST", "/sign-out")} <= doors
    assert {path.split("/")[1] for _, path in doors} <= {"sign-in", "sign-out"}
    assert {needed for key, needed in access.items() if key not in doors} == {"read", "admin"}
    assert access["GET", "/tokens"] == access["POST", "/tokens"] == "admin"


def test_every_room_of_the_navigation_is_a_page():
    assert {room.href for room in rooms()} <= {call.path for call in CALLS if call.method == "GET"}


def test_a_page_about_a_ledger_that_is_away_has_its_own_length():
    """It says when to come back, as the API does, and no more of what the API's answer would say of itself."""
    headers = [(b"accept", b"text/html")]
    request = Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})

    answer = problem(request, LedgerUnavailable())

    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["retry-after"] == "1"
