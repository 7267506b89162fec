import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tallyward.errors import LedgerUnavailable
from tallyward.web.pages import CALLS, problem
from tallyward.web.pages._forms import safe_onward


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


def test_every_call_of_the_pages_says_who_may_make_it():
    assert {(call.method, call.path): call.access for call in CALLS} == {
        ("GET", "/"): "read",
        ("GET", "/me"): "read",
        ("GET", "/agents"): "read",
        ("GET", "/accept"): "read",
        ("GET", "/v1/accept"): "read",
        ("GET", "/live"): "read",
        ("GET", "/sign-in"): "open",
        ("POST", "/sign-in"): "open",
        ("POST", "/sign-out"): "open",
        ("GET", "/sign-in/oidc/{tenant}"): "open",
        ("GET", "/sign-in/oidc/{tenant}/callback"): "open",
        ("GET", "/tokens"): "admin",
        ("POST", "/tokens"): "admin",
        ("POST", "/tokens/{number:int}/revoke"): "admin",
    }


def test_a_page_about_a_ledger_that_is_away_has_its_own_length():
    """It says when to come back, as the API does, and no more of what the API's answer would say of itself."""
    headers = [(b"accept", b"text/html")]
    request = Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})

    answer = problem(request, LedgerUnavailable())

    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["retry-after"] == "1"
