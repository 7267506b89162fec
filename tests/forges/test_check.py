"""`tally forge check` asks the forge itself, and says in one line what to mend."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.forges.github_stage import GithubStage, github
from tests.forges.server import Reply, Request

pytestmark = pytest.mark.forges
TALLY = Path(sys.executable).parent / "tally"
SETTINGS = """
[[forges]]
name = "github"
api_url = "{address}"
repos = ["acme/shop"{more}]
shepherd = ["acme/shop"]
token_file = "token"
"""


def check(played: GithubStage, folder: Path, *flags: str, more: str = "", shown: str = "a-token") -> Any:
    tenant = folder / "default"
    tenant.mkdir(exist_ok=True)
    (tenant / "token").write_text(shown, encoding="utf-8")
    (tenant / "tenant.toml").write_text(SETTINGS.format(address=played.server.address, more=more), encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "TALLY_TENANTS": str(folder), "HOME": str(folder)}
    return subprocess.run(
        [TALLY, "forge", "check", *flags], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def prepared(played: GithubStage, **limits: int) -> None:
    rate = played.example("GET", "/rate_limit")
    rate["resources"]["core"] |= limits
    played.server.answer("GET", "/rate_limit", lambda _: rate)
    played.server.headers = {"X-OAuth-Scopes": "repo, workflow"}


def test_an_account_that_works_is_told_with_its_limit_scopes_and_repositories(tmp_path: Path):
    with github() as played:
        prepared(played, limit=5000, remaining=4990)
        done = check(played, tmp_path)
        told = json.loads(check(played, tmp_path, "--json").stdout)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "questions left: 4990 of 5000" in done.stdout
    assert "repo, workflow" in done.stdout
    assert "ok   acme/shop: may be written; Tallyward may act there" in done.stdout
    [report] = told["forges"]
    assert (told["ok"], report["ok"], report["rate"]["remaining"]) == (True, True, 4990)
    assert report["repos"][0] | {"problem": None} == report["repos"][0]


def test_each_thing_to_mend_is_one_line_and_the_end_is_1(tmp_path: Path):
    with github() as played:
        prepared(played, limit=5000, remaining=7)

        def one_is_hidden(request: Request) -> Reply | None:
            return Reply(404, {"message": "Not Found"}) if request.path.endswith("/acme/gone") else None

        played.server.extra.insert(0, one_is_hidden)
        played.elsewhere("acme/old-shop", "acme/shop")
        played.server.extra.insert(0, one_is_hidden)
        done = check(played, tmp_path, more=', "acme/gone", "acme/old-shop"')

    mend = [line.strip() for line in done.stdout.splitlines() if line.strip().startswith("MEND") and "." in line]
    assert done.returncode == 1
    assert any("Only 7 of 5000" in line for line in mend)
    assert any("acme/gone" in line and "Check the name" in line for line in mend)
    assert any("acme/old-shop: is called acme/shop now" in line for line in mend)


def test_a_token_that_is_not_taken_is_said_and_not_shown(tmp_path: Path):
    with github() as played:
        prepared(played)
        done = check(played, tmp_path, shown="ghp_wrong")

    assert done.returncode == 1
    assert "does not take the token" in done.stdout
    assert "ghp_wrong" not in done.stdout + done.stderr


def test_a_tenant_without_forges_is_told_how_to_name_one(tmp_path: Path):
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run([TALLY, "forge", "check"], env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "docs/how-to/forges.md" in done.stderr
