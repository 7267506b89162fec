"""A sync over forges that are played by their own descriptions: what they tell becomes rows, and their words do not."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tallyward.domain.forge import ForgeWriter, SignalsReader
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.ledger.database import Database
from tallyward.redact import Secret
from tallyward.services.sync import Sync
from tallyward.services.tenants import Tenants
from tallyward.testing.forge_stage import CANARY, NOON, REPO, StagedPull, Trouble
from tests.forges.forgejo_stage import ForgejoStage, forgejo
from tests.forges.github_stage import GithubStage, github
from tests.servers import serving, tally

pytestmark = pytest.mark.forges
Played = Callable[[], AbstractContextManager[GithubStage | ForgejoStage]]


class OneForge:
    """The played forge as the one of every tenant."""

    def __init__(self, played: GithubStage | ForgejoStage) -> None:
        self._played = played

    def repos(self, _tenant: str) -> list[str]:
        return [REPO]

    def of(self, _tenant: str, _repo: str) -> tuple[SignalsReader, ForgeWriter]:
        return self._played.reader, self._played.writer


@pytest.mark.parametrize("stage", [github, forgejo])
async def test_pull_requests_of_a_forge_become_rows_without_their_words(database_url: str, stage: Played):
    ledger = Database(Secret(database_url))
    await ledger.open()
    with stage() as played:
        played.connect()
        played.hold(
            StagedPull(number=7, head_branch="codex/x", paths=("src/a.py", "src/b.py")),
            StagedPull(number=8, title='Revert "x"', body=f"Reverts {REPO}#{7}\n{CANARY}"),
        )
        found = await Sync(ledger, Tenants(ledger, None), OneForge(played)).run(DEFAULT_TENANT, since=NOON)
        async with ledger.transaction(DEFAULT_TENANT) as connection:
            rows = await (await connection.execute("SELECT * FROM pull_requests ORDER BY number")).fetchall()
    await ledger.close()

    assert (found.whole, found.repos[0].read) == (True, 2)
    assert (rows[0]["number"], rows[0]["agent"], rows[0]["changed_paths"]) == (7, "codex", ["src/a.py", "src/b.py"])
    assert (rows[1]["reverts_number"], rows[1]["reverts_something"]) == (7, True)
    assert CANARY not in str(rows)


def test_the_command_reads_what_a_tenants_file_names(tmp_path: Path):
    folder = tmp_path / "tenants" / DEFAULT_TENANT
    folder.mkdir(parents=True)
    (folder / "token").write_text("a-token")
    with serving(tmp_path / "data") as server, github() as played:
        played.hold(StagedPull(number=7))
        (folder / "tenant.toml").write_text(
            f'[[forges]]\nname = "github"\nkind = "github"\nrepos = ["{REPO}"]\n'
            f'api_url = "{played.server.address}"\ntoken_file = "token"\n'
        )
        place = ("--data", str(server.data_dir), "--tenants", str(tmp_path / "tenants"), "--since", "2026-01-01")
        said = tally("sync", *place, home=tmp_path)
        again = tally("sync", *place, "--json", home=tmp_path)
        strange = tally("sync", *place, "--repo", "acme/other", home=tmp_path)
        played.trouble(Trouble(status=401), times=20)
        refused = tally("sync", *place, home=tmp_path)
    told = json.loads(again.stdout)

    assert (said.returncode, "1 read, 1 new" in said.stdout) == (0, True), said.stderr
    assert (told["whole"], told["repos"][0]["read"], told["repos"][0]["added"]) == (True, 1, 0)
    assert (strange.returncode, strange.stderr.count("\n")) == (2, 1)
    assert (refused.returncode, "`tally forge check`" in refused.stdout) == (1, True), refused.stderr


async def test_a_github_that_has_had_enough_is_asked_no_more_and_says_when(database_url: str):
    ledger = Database(Secret(database_url))
    await ledger.open()
    with github() as played:
        played.connect()
        headers = {"retry-after": "600", "x-ratelimit-remaining": "0"}
        played.trouble(Trouble(status=429, headers=headers), times=20)
        found = await Sync(ledger, Tenants(ledger, None), OneForge(played)).run(DEFAULT_TENANT, since=NOON)
        asked = played.asked()
    await ledger.close()

    assert (found.whole, found.left) == (False, [REPO])
    assert found.again_at is not None
    assert asked < 5
