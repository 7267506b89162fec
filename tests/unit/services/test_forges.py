"""By which account a repository is read, and what is said when it cannot be."""

import subprocess
import sys
from pathlib import Path

import pytest

from tallyward.errors import ConfigInvalid, NotFound
from tallyward.services.forges import Forges
from tallyward.services.tenants import TenantFiles

SETTINGS = """
[[forges]]
name = "github"
repos = ["acme/shop", "acme/docs"]
low_priority = ["acme/docs"]
shepherd = ["acme/shop"]
token_file = "token"

[[forges]]
name = "other"
api_url = "https://forge.example.org/api/v3"
repos = ["apex/tools"]
token_env = "OTHER_TOKEN"
"""


def forges(folder: Path, settings: str = SETTINGS, **environ: str) -> Forges:
    (folder / "acme").mkdir(exist_ok=True)
    (folder / "acme" / "tenant.toml").write_text(settings, encoding="utf-8")
    return Forges(TenantFiles(folder), environ)


def test_each_repository_is_read_by_the_account_that_names_it(tmp_path: Path):
    found = forges(tmp_path, OTHER_TOKEN="x")

    assert found.config_of("acme", "acme/docs").name == "github"
    assert found.connected("acme", found.config_of("acme", "apex/tools")).client.base.endswith("example.org/api/v3")
    assert found.repos("acme") == ["acme/docs", "acme/shop", "apex/tools"]
    for tenant, repo in (("acme", "acme/unknown"), ("default", "acme/shop")):
        with pytest.raises(NotFound, match=repo):
            found.of(tenant, repo)


def test_tallyward_acts_only_where_it_was_said(tmp_path: Path):
    found = forges(tmp_path)

    assert [found.may_act("acme", repo) for repo in found.repos("acme")] == [False, True, False]
    assert [found.is_low_priority("acme", repo) for repo in found.repos("acme")] == [True, False, False]
    assert not found.may_act("default", "acme/shop")


def test_an_account_is_connected_once_and_its_secret_is_read_then(tmp_path: Path):
    found = forges(tmp_path)
    with pytest.raises(ConfigInvalid, match=r"token_file.*No such file"):
        found.of("acme", "acme/shop")
    (tmp_path / "acme" / "token").write_text("ghp_secret\n", encoding="utf-8")
    reader, _ = found.of("acme", "acme/shop")

    assert found.of("acme", "acme/docs")[0] is reader


@pytest.mark.parametrize("content", [b"", b"  \n", b"two\nlines", b"\xff\xfe", b"x" * 30_000])
def test_a_file_without_a_secret_is_named_and_its_content_is_not(tmp_path: Path, content: bytes):
    found = forges(tmp_path)
    (tmp_path / "acme" / "token").write_bytes(content)
    with pytest.raises(ConfigInvalid, match=r"forges\.token_file") as invalid:
        found.of("acme", "acme/shop")

    assert "two" not in invalid.value.message


def test_a_variable_that_is_not_set_is_named(tmp_path: Path):
    with pytest.raises(ConfigInvalid, match=r"forges\.token_env"):
        forges(tmp_path).of("acme", "apex/tools")


def test_an_unknown_kind_stops_the_start_and_the_known_ones_are_named(tmp_path: Path):
    with pytest.raises(ConfigInvalid, match=r"kind 'gitlab' is none of .*github"):
        forges(tmp_path, SETTINGS.replace('name = "other"', 'name = "other"\nkind = "gitlab"'))


def test_no_library_of_a_forge_is_loaded_until_one_is_asked(tmp_path: Path):
    program = (
        "import sys, tallyward.services.forges; "
        "print([name for name in ('httpx2', 'gidgethub', 'jwt', 'cryptography') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
