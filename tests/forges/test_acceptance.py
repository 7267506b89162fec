"""The acceptance grid asks the forge itself whether branches are protected and how long CI takes."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tallyward.testing.forge_stage import NOON
from tallyward.testing.frozen_clock import FrozenClock
from tests.forges.github_stage import GithubStage, github, iso
from tests.forges.server import Reply
from tests.in_process import InProcess, application

pytestmark = pytest.mark.forges
BRANCH = "/repos/{owner}/{repo}/branches/{branch}"
SETTINGS = """
[accept]
team = ["ann"]
[accept.branches]
"acme/shop" = ["main", "release"]
[[forges]]
name = "github"
api_url = "{address}"
repos = ["acme/shop"]
token_env = "GRID_TOKEN"
"""


def folder(place: Path, played: GithubStage) -> Path:
    (place / "default").mkdir()
    settings = SETTINGS.replace("{address}", played.server.address)
    (place / "default" / "tenant.toml").write_text(settings, encoding="utf-8")
    return place


def protect(played: GithubStage, *names: str) -> None:
    """These branches refuse a push, and no others do."""
    example = played.example("GET", "/repos/a/b/branches/main")
    played.server.answer("GET", "/repos/{owner}/{repo}/rules/branches/{branch}", lambda _: [])
    played.server.answer("GET", BRANCH, lambda r: {**example, "protected": r.values["branch"] in names})
    reviews = {"dismiss_stale_reviews": True, "require_code_owner_reviews": False}
    played.server.answer("GET", BRANCH + "/protection", lambda _: {"required_pull_request_reviews": reviews})


def run_for(played: GithubStage, seconds: float) -> None:
    example = played.example("GET", "/repos/a/b/actions/runs")["workflow_runs"][0]
    moments: dict[str, datetime] = {"run_started_at": NOON, "updated_at": NOON + timedelta(seconds=seconds)}
    run = {**example, **{name: iso(moment) for name, moment in moments.items()}}
    told = {"total_count": 3, "workflow_runs": [run] * 3}
    played.server.answer("GET", "/repos/{owner}/{repo}/actions/runs", lambda _: told)


async def lines(site: InProcess) -> dict[str, Any]:
    answer = await site.call("GET", "/v1/accept", token=await site.token(["read"]))
    assert answer.status == 200, answer.body
    return {line["name"]: line for line in answer.json["lines"]}


async def test_the_forges_own_word_decides(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GRID_TOKEN", "a-token")
    with github() as played, FrozenClock() as time:
        protect(played, "main", "release")
        run_for(played, 42.0)
        async with application(database_url, tenants_dir=folder(tmp_path, played)) as site:
            good = await lines(site)
            asked = played.asked()
            protect(played, "main")
            run_for(played, 75.0)
            kept = await lines(site)
            assert played.asked() == asked
            time.advance(301)
            bad = await lines(site)

    assert (good["branch_protection"]["light"], good["branch_protection"]["value"]) == ("green", "2 of 2 branches")
    assert "median run 42 s" in good["inner_loop"]["value"]
    assert kept == good
    assert bad["branch_protection"]["light"] == "red"
    assert "acme/shop release" in bad["branch_protection"]["reason"]
    assert "median run 75 s" in bad["inner_loop"]["value"]


async def test_what_the_forge_does_not_say_is_not_green(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GRID_TOKEN", "a-token")
    with github() as played:
        run_for(played, 42.0)
        played.server.answer(
            "GET", "/repos/{owner}/{repo}/rules/branches/{branch}", lambda _: Reply(403, {"message": "no"})
        )
        async with application(database_url, tenants_dir=folder(tmp_path, played)) as site:
            told = await lines(site)

    assert told["branch_protection"]["light"] == "cannot tell"
    assert "tally forge check" in told["branch_protection"]["reason"]


async def test_a_token_that_is_missing_leaves_the_rest_of_the_grid_standing(database_url: str, tmp_path: Path):
    with github() as played:
        async with application(database_url, tenants_dir=folder(tmp_path, played)) as site:
            told = await lines(site)
        assert played.asked() == 0

    assert told["branch_protection"]["light"] == "cannot tell"
    assert len(told) == 8
