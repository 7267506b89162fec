"""Signing in at a real OpenID provider, by HTTP: who comes in, who does not, and what each is told."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.databases import Databases
from tests.provider.process import Provider, write_settings
from tests.provider.visitor import Visitor, code_of
from tests.servers import Server, serving

pytestmark = pytest.mark.provider

ROW = {"skill_name": "/start", "runtime": "claude-code-cli", "status": "success"}
LIES = (
    "bad signature", "changed claims", "unknown key", "no signature", "shared secret", "wrong audience",
    "for another at our request", "one audience of many", "wrong issuer", "wrong nonce", "no nonce", "no expiry",
    "not a token", "other userinfo",
)  # fmt: skip


@pytest.fixture(scope="module")
def server(
    provider: Provider, cluster: Databases, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("signed")
    name = cluster.create(template=migrated)
    tenants = write_settings(folder, provider.issuer)
    with serving(folder / "data", "--tenants", str(tenants), database=cluster.url(name)) as server:
        yield server
    cluster.drop(name)


@pytest.fixture
def visitor(server: Server, provider: Provider) -> Iterator[Visitor]:
    provider.lie("")
    with Visitor(server.address, provider.issuer) as visitor:
        yield visitor


def test_the_page_offers_the_way_and_escapes_its_name(visitor: Visitor):
    page = visitor.get("/sign-in?next=/agents").text

    assert 'href="/sign-in/oidc/default?next=/agents"' in page
    assert "Example &lt;b&gt;SSO&lt;/b&gt;" in page


def test_a_sign_in_asks_with_pkce_nonce_and_state_and_remembers_in_a_cookie_of_this_site(visitor: Visitor):
    begun = visitor.begin()
    asked = parse_qs(urlsplit(begun.headers["location"]).query)

    assert asked["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= set(asked)
    assert asked["response_type"] == ["code"]
    assert asked["redirect_uri"] == [f"{visitor.server}/sign-in/oidc/default/callback"]
    kept = begun.headers["set-cookie"].lower()
    assert "httponly" in kept
    assert "samesite=lax" in kept
    assert asked["code_challenge"][0] not in kept


def test_an_engineer_comes_in_under_the_own_handle_and_sees_the_own_rows(visitor: Visitor, server: Server):
    machine = server.token("capture")
    rows = [{**ROW, "engineer_id": "ann-b"}, {**ROW, "engineer_id": "secret-colleague"}]
    server.call("POST", "/v1/trace", rows, token=machine)

    done = visitor.sign_in("ann")

    assert (done.status_code, done.headers["location"]) == (303, "/me")
    fires = visitor.get("/v1/fires").json()["fires"]
    assert {row["engineer_id"] for row in fires} == {"ann-b"}
    assert "secret-colleague" not in visitor.get("/").text
    assert visitor.get("/tokens").status_code == 403


@pytest.mark.parametrize(
    ("login", "role", "tokens"), [("ada", "admin", 200), ("lin", "lead", 403), ("ann", "engineer", 403)]
)
def test_the_group_decides_the_role(visitor: Visitor, login: str, role: str, tokens: int):
    visitor.sign_in(login)

    assert f'<span class="role">{role}</span>' in visitor.get("/").text
    assert visitor.get("/tokens").status_code == tokens


def test_the_session_is_a_token_that_ends_by_itself_and_is_in_the_audit_trail(visitor: Visitor, server: Server):
    visitor.sign_in("lin")

    [(name, scopes, engineer, hours)] = server.rows(
        "SELECT name, scopes, engineer_id, round(extract(epoch FROM expires_at - created_at) / 3600)::int"
        " FROM api_tokens WHERE name = 'sign-in lin' ORDER BY id DESC LIMIT 1"
    )
    assert (name, scopes, engineer, hours) == ("sign-in lin", ["read"], None, 12)
    [(actor,)] = server.rows(
        "SELECT payload->>'actor' FROM events_outbox WHERE kind = 'token.created' ORDER BY id DESC LIMIT 1"
    )
    assert actor == "sign-in of lin"


def test_signing_out_ends_the_session_for_whoever_copied_the_cookie_too(visitor: Visitor):
    visitor.sign_in("ada")
    copied = visitor.web.cookies["tally_session"]
    assert visitor.web.post(f"{visitor.server}/sign-out").status_code == 303
    assert "tally_session" not in visitor.web.cookies

    late = visitor.get("/v1/fires", authorization=f"Bearer {copied}")

    assert late.status_code == 401


def test_signing_out_leaves_a_token_that_was_made_by_hand(visitor: Visitor, server: Server):
    token = server.token("read")
    visitor.web.cookies.set("tally_session", token)
    visitor.web.post(f"{visitor.server}/sign-out")

    assert server.call("GET", "/v1/fires", token=token).status == 200


def test_who_is_in_no_group_that_is_let_in_is_told_so(visitor: Visitor):
    answer = visitor.sign_in("eve")

    assert (answer.status_code, code_of(answer)) == (403, "sign_in_refused")
    assert "eve is in none of the groups" in answer.text
    assert visitor.get("/me").headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_is_not_true_signs_nobody_in(visitor: Visitor, provider: Provider, lie: str):
    provider.lie(lie)

    answer = visitor.sign_in("ann")

    assert (answer.status_code, code_of(answer)) == (403, "sign_in_unproven")
    assert visitor.get("/me").headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    ("lie", "says"), [("expired", r"expired 360\d seconds ago"), ("of the future", r"of the future by (900|8\d\d)")]
)
def test_clocks_that_differ_are_named_with_their_difference(visitor: Visitor, provider: Provider, lie: str, says: str):
    provider.lie(lie)

    answer = visitor.sign_in("ann")

    assert (answer.status_code, code_of(answer)) == (403, "clocks_differ")
    assert re.search(says, answer.text)


def test_a_clock_that_is_a_little_off_is_allowed(visitor: Visitor, provider: Provider):
    provider.lie("a little late")

    assert visitor.sign_in("ann").status_code == 303


def test_a_code_is_taken_once(visitor: Visitor):
    begun = visitor.begin()
    kept = dict(visitor.web.cookies)
    arrival = visitor.at_provider(begun.headers["location"], "ann")
    assert visitor.arrive(arrival).status_code == 303

    gone = visitor.arrive(arrival)
    for name, value in kept.items():
        visitor.web.cookies.set(name, value)
    again = visitor.arrive(arrival)

    assert (gone.status_code, code_of(gone)) == (400, "sign_in_stale")
    assert (again.status_code, code_of(again)) == (400, "sign_in_stale")
    assert "finished already" in again.text


def test_nobody_is_signed_in_by_a_link_that_somebody_else_made(visitor: Visitor, server: Server, provider: Provider):
    """Login CSRF: the attacker's code and state, the victim's browser."""
    with Visitor(server.address, provider.issuer) as attacker:
        arrival = attacker.at_provider(attacker.begin().headers["location"], "eve")

    bare = visitor.arrive(arrival)
    visitor.begin()
    crossed = visitor.arrive(arrival)

    assert [code_of(bare), code_of(crossed)] == ["sign_in_stale", "sign_in_stale"]
    assert "was not begun in this browser" in crossed.text


def test_a_code_of_another_sign_in_is_refused(visitor: Visitor, server: Server, provider: Provider):
    """The state fits and the code is somebody else's: PKCE and the nonce hold it back."""
    with Visitor(server.address, provider.issuer) as other:
        stolen = other.at_provider(other.begin().headers["location"], "ada").said["code"]
    arrival = visitor.at_provider(visitor.begin().headers["location"], "ann")

    answer = visitor.get(arrival.address.replace(arrival.said["code"], stolen))

    assert code_of(answer) == "sign_in_stale"


def test_an_answer_of_another_issuer_is_refused(visitor: Visitor):
    arrival = visitor.at_provider(visitor.begin().headers["location"], "ann")
    named = arrival.address.replace("iss=http%3A%2F%2F127.0.0.1", "iss=http%3A%2F%2Felsewhere")
    assert named != arrival.address

    assert code_of(visitor.get(named)) == "sign_in_unproven"


def test_another_sites_page_does_not_start_a_sign_in(visitor: Visitor):
    answer = visitor.get("/sign-in/oidc/default", sec_fetch_site="cross-site")

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


@pytest.mark.parametrize("onward", ["https://evil.example", "//evil.example", "/%5Cevil.example", "%09//evil.example"])
def test_signing_in_leads_nowhere_else(visitor: Visitor, onward: str):
    assert visitor.sign_in("ann", onward=onward).headers["location"] == "/"


def test_declining_at_the_provider_is_told_as_such(visitor: Visitor):
    begun = visitor.begin()
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    page = visitor.web.get(begun.headers["location"], follow_redirects=True)
    back = visitor.web.get(f"{page.url!s}/abort")
    while back.is_redirect and not back.headers["location"].startswith(visitor.server):
        back = visitor.web.get(back.headers["location"])
    answer = visitor.get(back.headers["location"])

    assert state in back.headers["location"]
    assert (answer.status_code, code_of(answer)) == (403, "sign_in_refused")


def test_a_way_that_is_not_there_is_not_found(visitor: Visitor):
    assert visitor.get("/sign-in/oidc/nowhere").status_code == 404
    assert visitor.get("/sign-in/oidc/nowhere", accept="application/json").json()["error"]["code"] == "not_found"


def test_new_keys_of_the_provider_are_learned_without_a_restart(visitor: Visitor, provider: Provider):
    assert visitor.sign_in("ann").status_code == 303
    provider.stop()
    provider.start()
    visitor.web.cookies.clear()

    assert visitor.sign_in("ann").status_code == 303


def test_a_provider_that_is_gone_is_named_and_may_be_back_later(visitor: Visitor, provider: Provider):
    arrival = visitor.at_provider(visitor.begin().headers["location"], "ann")
    provider.stop()
    try:
        answer = visitor.arrive(arrival)
    finally:
        provider.start()

    assert (answer.status_code, code_of(answer)) == (503, "provider_unavailable")
    assert provider.issuer.removeprefix("http://") in answer.text
