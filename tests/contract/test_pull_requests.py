"""Pull requests over the API and on their page: what a clone and webhooks tell, to whom, and as what."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.services.git_import import Asked, GitImport
from tallyward.services.pull_requests import PullRequests
from tests.git_repository import written
from tests.in_process import InProcess, application
from tests.pulls import REPO, SHAS, minutes, told

EVER = "from=2026-05-01&to=2026-06-30"


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[InProcess]:
    async with application(database_url) as running:
        yield running


async def bring(site: InProcess, folder: Path) -> None:
    """Makes a repository, carries it away as a bundle, clones that and imports the clone."""
    written(folder / "app")
    for command in (
        ["git", "-C", "app", "bundle", "create", "--quiet", "../app.bundle", "--all"],
        ["git", "clone", "--quiet", "-b", "main", "app.bundle", "clone"],
    ):
        subprocess.run(command, cwd=folder, check=True)  # noqa: ASYNC221  # nothing else is going on
    state = site.app.state
    importer = GitImport(state.database, state.tenants, state.rates)
    await importer.run(DEFAULT_TENANT, Asked(path=folder / "clone", project="web", repo=REPO), lambda *_: None)


async def tell(site: InProcess, *facts: Any) -> None:
    state = site.app.state
    async with state.database.transaction(DEFAULT_TENANT) as connection:
        await PullRequests(state.tenants).take_all(connection, DEFAULT_TENANT, facts)


async def board(site: InProcess, query: str = EVER, scope: str = "admin", engineer: str | None = None) -> Any:
    answer = await site.call("GET", f"/v1/pull-requests?{query}", token=await site.token([scope], engineer))
    assert answer.status == 200, answer.body
    return answer.json


async def test_a_bundle_that_was_imported_is_on_the_board(site: InProcess, tmp_path: Path):
    await bring(site, tmp_path)

    told = await board(site)

    entire = told["entire"]
    assert (entire["merged"], entire["opened"], entire["reverted"]) == (8, 0, 2)
    assert (entire["revert"]["value"], entire["revert"]["n"]) == (2 / 8, 8)
    assert (entire["first_pass"]["value"], entire["first_pass"]["n"]) == (3 / 4, 4)
    assert (entire["timed"], entire["p50_hours_to_merge"]) == (0, None)
    assert {row["agent"]: row["merged"] for row in told["agents"]} == {"(people)": 6, "claude": 1, "codex": 1}
    same = told["overlap"]["kinds"][0]
    assert (same["pairs"], same["tried"], same["conflicted"], same["conflict"]["value"]) == (1, 1, 1, 1.0)
    assert told["overlap"]["hot"] == [{"path": "a.py", "pairs": 1, "conflicted": 1}]
    assert (told["total"], len(told["rows"]), sum(told["merged_daily"])) == (8, 8, 8)


async def test_webhooks_alone_tell_time_to_merge_and_overlap_without_conflicts(site: InProcess):
    await tell(
        site,
        told(1, state="merged", opened_at=minutes(0), merged_at=minutes(90), changed_paths=["a/x.py"], author="ann"),
        told(2, state="open", opened_at=minutes(30), changed_paths=["a/x.py"], head_branch="codex/x"),
        told(3, state="open", opened_at=minutes(60), changed_paths=["a/y.py"]),
        told(4, repo="example/other", state="open", opened_at=minutes(60), changed_paths=["a/x.py"]),
    )

    told_now = await board(site)

    assert (told_now["entire"]["p50_hours_to_merge"], told_now["entire"]["timed"]) == (1.5, 1)
    kinds = {one["shared"]: (one["pairs"], one["tried"]) for one in told_now["overlap"]["kinds"]}
    assert kinds == {"path": (1, 0), "directory": (2, 0), "none": (0, 0)}
    assert told_now["overlap"]["kinds"][0]["conflict"]["value"] is None


async def test_the_list_is_narrowed_paged_and_told_as_csv(site: InProcess, tmp_path: Path):
    await bring(site, tmp_path)
    token = await site.token(["admin"])

    def numbers(answer: Any) -> list[Any]:
        return [row["number"] for row in answer["rows"]]

    assert numbers(await board(site, f"{EVER}&agent=claude")) == [1]
    assert numbers(await board(site, f"{EVER}&state=reverted")) == [4, 1]
    assert numbers(await board(site, f"{EVER}&q=second")) == [2]
    assert numbers(await board(site, f"{EVER}&repo=other/one")) == []
    assert len(numbers(await board(site, f"{EVER}&limit=3&page=3"))) == 2
    csv = await site.call("GET", f"/v1/pull-requests?{EVER}&format=csv", token=token)
    lines = csv.body.decode().splitlines()
    assert (len(lines), lines[0].startswith("repo,number,state,agent")) == (9, True)
    for wrong in ("state=lost", "agent=%00", "repo=%00", "nonsense=1"):
        answer = await site.call("GET", f"/v1/pull-requests?{wrong}", token=token)
        assert answer.status in {400, 422}, wrong


async def test_an_engineer_sees_the_own_a_lead_no_persons_rows_an_admin_all(site: InProcess):
    await tell(
        site,
        told(1, state="merged", merged_at=minutes(1), author="ann"),
        told(2, state="merged", merged_at=minutes(2), author="bo"),
        told(3, state="merged", merged_at=minutes(3), author="bot", head_branch="axon/fixer/3"),
    )

    seen = {
        name: [row["number"] for row in (await board(site, EVER, scope, engineer))["rows"]]
        for name, scope, engineer in (("ann", "read", "ann"), ("lead", "read", None), ("admin", "admin", None))
    }

    assert seen == {"ann": [1], "lead": [3], "admin": [3, 2, 1]}
    assert (await board(site, EVER, "read", "ann"))["entire"]["merged"] == 1
    assert (await board(site, EVER, "read"))["entire"]["merged"] == 3
    refused = await site.call("GET", "/v1/pull-requests?engineer=bo", token=await site.token(["read"], "ann"))
    assert refused.status == 403


async def test_the_page_shows_the_figures_of_the_call(site: InProcess, tmp_path: Path):
    await bring(site, tmp_path)
    await tell(
        site, told(9, state="merged", merged_at=minutes(3), head_branch="<script>alert(1)</script>", head_sha=SHAS[0])
    )

    answer = await site.call("GET", f"/pull-requests?{EVER}", token=await site.token(["admin"]))
    page = answer.body.decode()

    assert answer.status == 200
    assert "22%" in page, "two of nine were reverted"
    assert "80%" in page, "four of five needed one attempt"
    assert "the same file" in page
    assert "<script>alert(1)" not in page

    before = await site.call("GET", "/pull-requests?from=2001-01-01&to=2001-02-01", token=await site.token(["admin"]))
    assert "/pull-requests?days=366" in before.body.decode(), "what is older or newer is one step away"


async def test_without_any_the_page_says_where_they_come_from(site: InProcess):
    answer = await site.call("GET", "/pull-requests", token=await site.token(["read"]))

    assert answer.status == 200
    assert "tally import git PATH" in answer.body.decode()
