"""What pages promise over HTTP, before any browser: headers, cookies, the way in, and who may not come in."""

import http.client
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from urllib.parse import urlencode, urlsplit

import pytest

from tallyward import clock
from tallyward.web.rendering import CONTENT_SECURITY_POLICY
from tests.browser.site import Site, running

HTML = {"accept": "text/html"}
FORM = {"content-type": "application/x-www-form-urlencoded", **HTML}
STOP_SECONDS_MAX = 3.0


@dataclass
class Answer:
    """What came back. `stream` is open for a stream, whose text never ends; everything else has its whole text."""

    status: int
    headers: Message
    text: str
    stream: http.client.HTTPResponse
    connection: http.client.HTTPConnection

    def close(self) -> None:
        self.stream.close()
        self.connection.close()


class Caller:
    """A client that follows nothing and keeps nothing."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def ask(self, method: str, path: str, headers: dict[str, str], body: str = "") -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.site.url).netloc, timeout=10)
        connection.request(method, path, body.encode(), headers)
        got = connection.getresponse()
        if got.headers.get_content_type() == "text/event-stream":
            return Answer(got.status, got.headers, "", got, connection)
        with closing(connection):
            return Answer(got.status, got.headers, got.read().decode(), got, connection)

    def get(self, path: str, token: str = "", **headers: str) -> Answer:
        return self.ask("GET", path, {**HTML, **cookie(token), **headers})

    def post(self, path: str, signed_in: str, site: str = "same-origin", **fields: str) -> Answer:
        headers = {**FORM, **cookie(signed_in), "sec-fetch-site": site}
        return self.ask("POST", path, headers, urlencode(fields))

    def knock(self, **fields: str) -> Answer:
        """Posts the form of the way in."""
        return self.post("/sign-in", "", **fields)


def cookie(token: str) -> dict[str, str]:
    return {"cookie": f"tally_session={token}"} if token else {}


@pytest.fixture
def caller(database_url: str) -> Iterator[Caller]:
    with running(database_url) as site:
        yield Caller(site)


@pytest.mark.parametrize("path", ["/", "/me", "/agents", "/tokens", "/sign-in", "/nowhere", "/?sort=nonsense"])
def test_every_page_carries_the_policy_and_is_kept_by_no_cache(caller: Caller, path: str):
    for token in ("", caller.site.token("admin"), caller.site.token("engineer")):
        answer = caller.get(path, token)
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY, (path, answer.status)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "onward"),
    [
        ("/", "%2F"),
        ("/me", "%2Fme"),
        ("/?sort=engineer&order=asc", "%2F%3Fsort%3Dengineer%26order%3Dasc"),
    ],
)
def test_whoever_is_not_signed_in_is_led_to_the_way_in(caller: Caller, path: str, onward: str):
    answer = caller.get(path)
    assert (answer.status, answer.headers["location"]) == (303, f"/sign-in?next={onward}")


def test_signing_in_sets_a_cookie_that_scripts_and_other_sites_do_not_get(caller: Caller):
    token = caller.site.token("engineer")
    answer = caller.knock(token=f" {token} ", next="/me")
    assert (answer.status, answer.headers["location"]) == (303, "/me")
    kept = answer.headers["set-cookie"]
    assert kept.startswith(f"tally_session={token};")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(kept.split("; "))
    assert caller.get("/me", token).status == 200


@pytest.mark.parametrize("onward", ["//evil.example/", "https://evil.example/", "/\\evil.example"])
def test_signing_in_leads_to_no_other_site(caller: Caller, onward: str):
    answer = caller.knock(token=caller.site.token("lead"), next=onward)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert "evil" not in caller.get(f"/sign-in?next={onward}").text


@pytest.mark.parametrize("token", ["", "wrong", "tw_eng_" + "a" * 49, "x" * 5_000, "naïve", "<script>"])
def test_a_wrong_token_is_401_with_words_and_without_a_cookie(caller: Caller, token: str):
    answer = caller.knock(token=token)
    assert answer.status == 401
    assert "This token is not valid" in answer.text
    assert "set-cookie" not in answer.headers
    assert not token or token not in answer.text


def test_a_token_that_may_not_read_is_refused_at_the_door(caller: Caller):
    tokens = caller.site.app.state.tokens
    made = tokens.create("default", name="pod", scopes=["capture"], actor="tests")
    secret = caller.site.wait_for(made)[0].reveal()
    answer = caller.knock(token=secret)
    assert answer.status == 401
    assert "scope read" in answer.text


@pytest.mark.parametrize("origin", ["cross-site", "same-site"])
def test_a_form_of_another_site_does_nothing(caller: Caller, origin: str):
    admin = caller.site.token("admin")
    before = caller.get("/tokens", admin).text.count("<tr")
    for path in ("/sign-in", "/sign-out", "/tokens", "/tokens/1/revoke"):
        answer = caller.post(path, admin, origin, name="planted", scope="admin", token=admin)
        assert answer.status == 403, path
        assert "set-cookie" not in answer.headers
    assert caller.get("/tokens", admin).text.count("<tr") == before


@pytest.mark.parametrize(("role", "status"), [("engineer", 403), ("lead", 403), ("admin", 200)])
def test_only_admins_see_and_make_tokens(caller: Caller, role: str, status: int):
    token = caller.site.token(role)
    assert caller.get("/tokens", token).status == status
    made = caller.post("/tokens", token, name="new", scope="read")
    assert made.status == status
    assert ("tw_lead_" in made.text) == (role == "admin")


def test_a_revoked_token_opens_no_page(caller: Caller):
    admin, lead = caller.site.token("admin"), caller.site.token("lead")
    assert caller.get("/", lead).status == 200
    listing = caller.get("/tokens", admin).text
    number = re.findall(r"/tokens/(\d+)/revoke", listing)[0]
    assert caller.post(f"/tokens/{number}/revoke", admin).status == 303
    assert caller.get("/", lead).status == 303


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " ", "scope": "read"}, "needs a name"),
        ({"name": "x" * 101, "scope": "read"}, "too long"),
        ({"name": "x"}, "No scope"),
        ({"name": "x", "scope": "everything"}, "is not a scope"),
    ],
)
def test_a_token_that_cannot_be_made_says_why(caller: Caller, fields: dict[str, str], words: str):
    answer = caller.post("/tokens", caller.site.token("admin"), **fields)
    assert answer.status == 422
    assert words in answer.text


@pytest.mark.parametrize(
    ("body", "status"), [("token=" + "a" * 9_000, 413), ("token=\u00e9", 400), ("&".join(["a=b"] * 30), 400)]
)
def test_a_form_that_is_none_of_ours_is_refused(caller: Caller, body: str, status: int):
    assert caller.ask("POST", "/sign-in", {**FORM, "sec-fetch-site": "same-origin"}, body).status == status


def test_an_unknown_way_to_sort_is_named(caller: Caller):
    answer = caller.get("/?sort=shoe-size", caller.site.token("lead"))
    assert answer.status == 422
    assert "Choose from engineer, fires" in answer.text
    assert caller.get("/?sample=1", caller.site.token("lead")).status == 404


def test_files_are_kept_for_ever_by_their_content_and_not_otherwise(caller: Caller):
    links = re.findall(r'(?:href|src)="(/static/[^"]+)"', caller.get("/sign-in").text)
    assert len(links) >= 4
    for link in links:
        answer = caller.get(link)
        assert (answer.status, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable"), link
        assert caller.get(link.partition("?")[0]).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["../pages.py", "..%2fpages.py", "%2e%2e/pages.py", "/etc/passwd", "nothing.css", ""])
def test_no_other_file_is_given_out(caller: Caller, name: str):
    assert caller.get(f"/static/{name}").status == 404


def test_the_stream_is_for_those_who_may_read(caller: Caller):
    assert caller.get("/live", **{"hx-request": "true"}).status == 401
    followed = caller.get("/live", caller.site.token("lead"), accept="text/html, text/event-stream")
    assert followed.headers["content-type"].startswith("text/event-stream")
    assert followed.stream.readline() == b": following\n"
    followed.close()


def test_a_stopping_server_does_not_wait_for_open_pages(database_url: str):
    with running(database_url) as site:
        streams = [Caller(site).get("/live", site.token("lead")) for _ in range(3)]
        started = clock.elapsed_seconds()
    assert clock.elapsed_seconds() - started < STOP_SECONDS_MAX
    for stream in streams:
        assert stream.status == 200
        assert stream.stream.read().startswith(b": following"), "it did not end as a stream should"
        stream.close()
