"""The acceptance grid as the API and the page tell it: facts of the ledger and the disk in, eight lights out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tallyward import clock
from tests.in_process import InProcess, application

RULE = "message: use clock.now(), see CLAUDE.md\n"
WORKFLOW = "on: pull_request\njobs:\n  bandit:\n    steps: [{run: sg scan -c tenants/default/lints}]\n"
FIRE = {"runtime": "claude-code-cli", "status": "success"}
TEAM = ("ann", "bob", "cyd")
PEOPLE = f"team = {list(TEAM)}\n"


def tenant(folder: Path, settings: str, *, rules: int = 0) -> Path:
    """A tenants folder with these settings and so many lint rules."""
    place = folder / "tenants" / "default"
    (place / "lints").mkdir(parents=True)
    (place / "tenant.toml").write_text(f"[accept]\n{settings}", encoding="utf-8")
    for number in range(rules):
        (place / "lints" / f"rule-{number}.yml").write_text(RULE, encoding="utf-8")
    return folder / "tenants"


def checkout(folder: Path, *commands: str) -> str:
    """A repository with a workflow and these slash commands; the setting that names it."""
    top = folder / "checkout"
    (top / ".github" / "workflows").mkdir(parents=True)
    (top / ".github" / "workflows" / "code-quality.yml").write_text(WORKFLOW, encoding="utf-8")
    (top / ".claude" / "commands").mkdir(parents=True)
    for name in commands:
        (top / ".claude" / "commands" / f"{name}.md").write_text("Do it.", encoding="utf-8")
    return f'[accept.checkouts]\n"o/r" = "{top}"\n'


async def fill(site: InProcess, fires: dict[str, int], **fields: Any) -> None:
    """So many fires of each engineer within the last minute."""
    now = clock.now()
    rows = [
        {**FIRE, "engineer_id": who, "skill_name": "/start", "ts": clock.iso(now - timedelta(seconds=place)), **fields}
        for who, count in fires.items()
        for place in range(count)
    ]
    answer = await site.call("POST", "/v1/trace", token=await site.token(["capture"]), body=rows)
    assert answer.status == 202, answer.body


async def grid(site: InProcess, scopes: tuple[str, ...] = ("read",), engineer: str | None = None) -> dict[str, Any]:
    answer = await site.call("GET", "/v1/accept", token=await site.token(scopes, engineer))
    assert answer.status == 200, answer.body
    return answer.json


def lights(said: dict[str, Any]) -> dict[str, str]:
    return {line["name"]: line["light"] for line in said["lines"]}


async def test_a_new_server_proves_nothing(database_url: str):
    async with application(database_url) as site:
        said = await grid(site)

    assert lights(said) == {
        "branch_protection": "cannot tell",
        "trace_volume": "red",
        "engineers_visible": "cannot tell",
        "label_to_pickup": "cannot tell",
        "skills_consolidated": "cannot tell",
        "ratchet_flipped": "cannot tell",
        "inner_loop": "cannot tell",
        "bespoke_lints": "cannot tell",
    }
    assert (said["accepted"], said["green"], said["red"], said["cannot_tell"], said["needed"]) == (False, 0, 1, 7, 6)
    for line in said["lines"]:
        assert line["proves"]
        assert line["command"]
        assert line["light"] == "red" or line["reason"].startswith("Cannot tell yet: needs ")


async def test_everything_that_can_be_proved_today_is_green_and_the_rest_says_what_it_needs(
    database_url: str, tmp_path: Path
):
    tenants = tenant(tmp_path, PEOPLE + checkout(tmp_path, "ship"), rules=5)
    async with application(database_url, tenants_dir=tenants) as site:
        await fill(site, dict.fromkeys(TEAM, 11))
        said = await grid(site)

    assert {name for name, light in lights(said).items() if light == "green"} == {
        "trace_volume",
        "engineers_visible",
        "skills_consolidated",
        "ratchet_flipped",
        "bespoke_lints",
    }
    assert lights(said)["inner_loop"] == "cannot tell"
    assert not said["accepted"]


async def test_people_are_named_to_leads_and_counted_for_engineers(database_url: str, tmp_path: Path):
    async with application(database_url, tenants_dir=tenant(tmp_path, PEOPLE)) as site:
        await fill(site, {"ann": 11, "bob": 11, "cyd": 10})
        lead, engineer = await grid(site), await grid(site, ("read",), "ann")

    by_name = [{line["name"]: line for line in said["lines"]}["inner_loop"] for said in (lead, engineer)]
    assert [line["value"] for line in by_name] == ["2 of 3 over 10", "2 of 3 over 10"]
    assert [line["who"] for line in by_name] == [["cyd"], []]
    assert "cyd" not in str(engineer)


async def test_in_a_team_of_two_an_engineer_learns_nothing_about_the_other(database_url: str, tmp_path: Path):
    async with application(database_url, tenants_dir=tenant(tmp_path, 'team = ["ann", "bob"]')) as site:
        await fill(site, {"ann": 11, "bob": 3})
        line = {line["name"]: line for line in (await grid(site, ("read",), "ann"))["lines"]}["inner_loop"]

    assert (line["light"], line["value"], line["who"]) == ("cannot tell", None, [])
    assert "fewer than three" in line["reason"]


async def test_without_a_list_the_team_is_whoever_has_a_living_token(database_url: str):
    async with application(database_url) as site:
        await site.token(["capture"], "ann")
        await site.token(["capture"], "gone", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
        await fill(site, {"ann": 11, "stranger": 1})
        line = {line["name"]: line for line in (await grid(site))["lines"]}["engineers_visible"]

    assert (line["light"], line["value"]) == ("green", "1 of 1 have a grade")


@pytest.mark.parametrize(("skill", "times"), [("commit", 2), ("/capacity-check", 1)])
async def test_a_retired_skill_that_still_fires_is_red(database_url: str, tmp_path: Path, skill: str, times: int):
    async with application(database_url, tenants_dir=tenant(tmp_path, checkout(tmp_path))) as site:
        await fill(site, {"ann": times}, skill_name=skill)
        line = {line["name"]: line for line in (await grid(site))["lines"]}["skills_consolidated"]

    assert line["light"] == "red"
    assert f"/{skill.strip('/')} ({times} in 7 days)" in line["reason"]


async def test_another_tenants_rows_prove_nothing_here(database_url: str):
    async with application(database_url) as site:
        await site.app.state.tenants.ensure("other")
        secret, _ = await site.app.state.tokens.create("other", name="t", scopes=["read"], actor="tests")
        await fill(site, {"ann": 40})
        answer = await site.call("GET", "/v1/accept", token=secret.reveal())

    assert {line["name"]: line["value"] for line in answer.json["lines"]}["trace_volume"] == "0 in 24 hours"


async def test_the_page_says_what_the_api_says_and_escapes_what_came_from_outside(database_url: str, tmp_path: Path):
    team = 'team = ["ann", "<script>alert(1)</script>"]'
    async with application(database_url, tenants_dir=tenant(tmp_path, team)) as site:
        await fill(site, {"ann": 11})
        lead = await site.token(["read"])
        said = (await site.call("GET", "/v1/accept", token=lead)).json
        page = (await site.call("GET", "/accept", token=lead, accept="text/html")).body.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    for line in said["lines"]:
        assert f'<span class="light light-{line["light"].replace("cannot tell", "undefined")}">' in page
        assert line["title"] in page
    assert f"{said['green']} of 8 metrics are green" in page


async def test_a_checkout_that_is_not_there_is_named(database_url: str, tmp_path: Path):
    settings = f'[accept.checkouts]\n"o/r" = "{tmp_path}/nowhere"\n'
    async with application(database_url, tenants_dir=tenant(tmp_path, settings)) as site:
        line = {line["name"]: line for line in (await grid(site))["lines"]}["ratchet_flipped"]

    assert line["light"] == "cannot tell"
    assert f"{tmp_path}/nowhere is no folder on the server" in line["reason"]
