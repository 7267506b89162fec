"""Signing in where server and provider are not set up for each other, or one of them is away: each is told apart."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.provider.process import Provider, write_settings
from tests.provider.visitor import Visitor, code_of
from tests.servers import serving

pytestmark = pytest.mark.provider


@contextmanager
def another_server(issuer: str, database_url: str, folder: Path, **change: str) -> Iterator[Visitor]:
    """Somebody at a server of its own, which is set up otherwise."""
    tenants = write_settings(folder, issuer, **change)
    with (
        serving(folder / "data", "--tenants", str(tenants), database=database_url) as server,
        Visitor(server.address, issuer) as visitor,
    ):
        yield visitor


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"secret": "a wrong secret"}, (502, "provider_misconfigured")),
        ({"more": 'groups_claim = "teams"'}, (403, "sign_in_refused")),
        ({"more": 'algorithms = ["ES256"]'}, (403, "sign_in_unproven")),
    ],
)
def test_what_is_set_up_wrongly_is_told_apart(
    provider: Provider, database_url: str, tmp_path: Path, change: dict[str, str], told: tuple[int, str]
):
    provider.lie("")
    with another_server(provider.issuer, database_url, tmp_path, **change) as visitor:
        answer = visitor.sign_in("ann")

    assert (answer.status_code, code_of(answer)) == told


def test_a_redirect_uri_that_is_not_registered_is_told_by_the_provider(
    provider: Provider, database_url: str, tmp_path: Path
):
    more = 'redirect_uri = "http://127.0.0.1/elsewhere"'
    with another_server(provider.issuer, database_url, tmp_path, more=more) as visitor:
        page = visitor.web.get(visitor.begin().headers["location"])

    assert "redirect_uri" in page.text


def test_a_provider_that_never_answers_is_told_before_anybody_is_sent_there(database_url: str, tmp_path: Path):
    with another_server("http://127.0.0.1:9", database_url, tmp_path) as visitor:
        answer = visitor.begin()

    assert (answer.status_code, code_of(answer)) == (503, "provider_unavailable")
