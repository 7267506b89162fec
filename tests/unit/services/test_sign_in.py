"""What a browser keeps of a sign-in, and where the client secret comes from."""

import base64
from pathlib import Path

import pytest

from tallyward import clock
from tallyward.domain.oidc import OidcConfig, RoleGroups
from tallyward.errors import ConfigInvalid, SignInStale
from tallyward.redact import Secret
from tallyward.services.sign_in import PENDING_CHARS_MAX, Pending, client_secret, unsealed
from tallyward.services.tenants import read_config

CONFIG = {"issuer": "https://id.example", "client_id": "tallyward", "roles": RoleGroups(engineer=("*",))}


def pending(*, age: int = 0) -> Pending:
    address = "https://tally.example/sign-in/oidc/default/callback"
    return Pending("default", "s" * 64, "n" * 64, "v" * 64, address, "/" + "x" * 499, int(clock.epoch_seconds()) - age)


def test_what_the_browser_kept_comes_back_whole_and_fits_a_cookie():
    kept = pending()

    assert unsealed(kept.sealed()) == kept
    assert len(kept.sealed()) < PENDING_CHARS_MAX


@pytest.mark.parametrize("text", ["", "x", "äöü", base64.b64encode(b"{}").decode(), base64.b64encode(b"[1").decode()])
def test_what_is_not_ours_is_no_sign_in(text):
    with pytest.raises(SignInStale):
        unsealed(text)


@pytest.mark.parametrize("age", [-60, 700])
def test_a_sign_in_of_the_future_or_of_long_ago_is_over(age):
    with pytest.raises(SignInStale, match="10 minutes"):
        unsealed(pending(age=age).sealed())


def test_the_secret_comes_from_a_file_in_the_tenants_folder_or_from_a_variable(tmp_path: Path):
    (tmp_path / "secret").write_text("from a file\n")
    by_file = OidcConfig(**CONFIG, client_secret_file="secret")
    by_variable = OidcConfig(**CONFIG, client_secret_env="EXAMPLE_SECRET")

    assert client_secret(by_file, tmp_path, {}) == Secret("from a file")
    assert client_secret(by_variable, tmp_path, {"EXAMPLE_SECRET": "from a variable"}) == Secret("from a variable")
    assert client_secret(OidcConfig(**CONFIG), tmp_path, {}) is None


@pytest.mark.parametrize("named", [{"client_secret_file": "none"}, {"client_secret_env": "EXAMPLE_SECRET"}])
def test_a_secret_that_is_not_there_stops_the_start(tmp_path: Path, named: dict[str, str]):
    with pytest.raises(ConfigInvalid) as caught:
        client_secret(OidcConfig(**CONFIG, **named), tmp_path, {"EXAMPLE_SECRET": " "})
    assert caught.value.field == f"oidc.{next(iter(named))}"


def test_a_key_that_nobody_knows_stops_the_start(tmp_path: Path):
    path = tmp_path / "tenant.toml"
    path.write_text('[oidc]\nissuer = "https://id.example"\nclient_id = "t"\nclient_secret = "in the open"\n')

    with pytest.raises(ConfigInvalid, match="client_secret"):
        read_config(path)
