"""What a tenant may say about its forges, and the one line for each thing that is wrong."""

from pathlib import Path

import pytest

from tallyward.errors import ConfigInvalid
from tallyward.services.tenants import read_config

GOOD = """
[[forges]]
name = "github"
repos = ["acme/shop", "acme/docs"]
low_priority = ["acme/docs"]
shepherd = ["acme/shop"]
token_file = "token"
"""


def read(folder: Path, text: str):
    path = folder / "tenant.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(path)


def test_accounts_are_read(tmp_path: Path):
    app = 'app_id = 1\ninstallation_id = 2\nprivate_key_file = "key.pem"'
    other = GOOD.replace('"github"', '"other"').replace("acme/", "apex/").replace('token_file = "token"', app)
    [one, two] = read(tmp_path, GOOD + other).forges

    assert (one.kind, one.repos, one.app) == ("github", ("acme/shop", "acme/docs"), False)
    assert (two.name, two.app_id, two.app) == ("other", 1, True)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "github"\n', "", "name"),
        ('"github"', '"Git Hub"', "small letters"),
        ('["acme/shop", "acme/docs"]', '["acme"]', "owner/name"),
        ('["acme/shop", "acme/docs"]', '["acme/../x", "acme/shop", "acme/docs"]', "owner/name"),
        ('["acme/docs"]\nshepherd', '["acme/other"]\nshepherd', "acme/other is in low_priority, but not in repos"),
        ('shepherd = ["acme/shop"]', 'shepherd = ["acme/tools"]', "acme/tools is in shepherd, but not in repos"),
        ('token_file = "token"', "", "no credential"),
        ('token_file = "token"', 'token_file = "token"\ntoken_env = "T"', "takes one credential"),
        ('token_file = "token"', "app_id = 1", "all three"),
        ('token_file = "token"', 'token_file = "token"\napi_url = "http://example.org"', "https://"),
        ('token_file = "token"', 'token_file = "token"\napi_url = "https://me:pw@example.org"', "https://"),
        ('token_file = "token"', 'token_file = "token"\ntoken = "secret"', "token"),
        (
            'token_file = "token"',
            'kind = "forgejo"\napp_id = 1\ninstallation_id = 1\nprivate_key_file = "k"',
            "no GitHub Apps",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, old: str, new: str, told: str):
    with pytest.raises(ConfigInvalid, match=told) as invalid:
        read(tmp_path, GOOD.replace(old, new, 1))

    assert "\n" not in invalid.value.message


def test_a_repository_and_a_name_belong_to_one_account(tmp_path: Path):
    with pytest.raises(ConfigInvalid, match=r"two .* are named github"):
        read(tmp_path, GOOD + GOOD)
    with pytest.raises(ConfigInvalid, match="acme/docs is in repos of two"):
        read(tmp_path, GOOD + GOOD.replace('"github"', '"other"'))
