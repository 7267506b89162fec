"""`tally shepherd` on GitHub, played: what it says, and what it does when it is killed between deciding and acting."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tallyward.domain.forge import Check
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.testing.forge_stage import CANARY, NOON, REPO, StagedPull
from tests.forges.github_stage import GithubStage, github
from tests.forges.shepherded import comments_of, shows_comments, tenants_folder
from tests.servers import tally

pytestmark = pytest.mark.forges
CONFLICTING = StagedPull(
    number=7, author="copilot", head_branch="copilot/fix-7", conflicting=True, head_at=NOON,
    checks=(Check(name="ci", status="completed", conclusion="success"),),
)  # fmt: skip
KILLED = -9


class Terminal:
    """The command on one ledger and one forge."""

    def __init__(self, home: Path, database: str, tenants: Path, played: GithubStage) -> None:
        self.home, self.played = home, played
        self.settings = ["--database", database, "--tenants", str(tenants)]

    def shepherd(self, *arguments: str, **extra: str) -> tuple[int, Any, str]:
        done = tally("shepherd", *arguments, *self.settings, home=self.home, extra=extra)
        told = json.loads(done.stdout) if "--json" in arguments and done.returncode == 0 else done.stdout
        return done.returncode, told, done.stderr

    def run(self, *arguments: str, **extra: str) -> tuple[int, Any, str]:
        return self.shepherd("run", "--once", *arguments, **extra)

    def comments(self) -> list[str]:
        return comments_of(self.played)


@contextmanager
def terminal(tmp_path: Path, database_url: str, *, acts: bool = True) -> Iterator[Terminal]:
    with github() as played:
        played.hold(CONFLICTING)
        shows_comments(played)
        folder = tenants_folder(tmp_path, played.server.address, acts=acts)
        yield Terminal(tmp_path, database_url, folder, played)
        assert played.server.wrong == []


@pytest.mark.parametrize("place", ["shepherd.before_act", "shepherd.after_act"])
def test_killed_between_deciding_and_keeping_what_was_done_it_says_nothing_twice(
    tmp_path: Path, database_url: str, place: str
):
    with terminal(tmp_path, database_url) as at:
        assert at.run(TALLY_FAULT_POINTS=f"{place}=kill")[0] == KILLED
        assert len(at.comments()) == (1 if place == "shepherd.after_act" else 0)
        code, told, _ = at.run("--json")
        assert code == 0
        assert len(at.comments()) == 1
        code, again, _ = at.run("--json")
    decided = [told["looked"][0]["reason"], again["looked"][0]["reason"]]
    assert decided[-1] == "conflict_fix_asked"
    assert decided[0] == ("conflict_fix_asked" if place == "shepherd.after_act" else "conflict")


def test_explain_shows_every_guard_in_order_and_keeps_and_does_nothing(tmp_path: Path, database_url: str):
    with terminal(tmp_path, database_url, acts=False) as at:
        code, said, _ = at.shepherd("explain", f"{REPO}#{CONFLICTING.number}")
        _, told, _ = at.shepherd("explain", f"{REPO}#{CONFLICTING.number}", "--json")
        _, board, _ = at.shepherd("status", "--json")
    assert code == 0
    assert "yes  Does it conflict, and may a fix be asked for?  → request_conflict_fix (conflict)" in said
    assert "would do, as a dry run: request_conflict_fix (conflict)." in said
    assert "Made by copilot; trust normal" in said
    assert [guard["reason"] for guard in told["guards"] if guard["holds"]] == ["conflict", "awaiting_approval"]
    assert board["pull_requests"] == []
    assert CANARY not in said + json.dumps(told)


def test_status_says_what_was_decided_without_asking_a_forge(tmp_path: Path, database_url: str):
    with terminal(tmp_path, database_url, acts=False) as at:
        code, said, _ = at.run()
        assert (code, at.comments()) == (0, [])
        asked = at.played.asked()
        _, board, _ = at.shepherd("status", "--json")
        _, words, _ = at.shepherd("status")
        assert at.played.asked() == asked
    assert f"{REPO}#{CONFLICTING.number}: request_conflict_fix (dry run), conflict" in said
    (cared,) = board["pull_requests"]
    assert (cared["stands"], cared["dry_run"], cared["agent"]) == ("CONFLICTING", True, "copilot")
    assert f"{REPO}#{CONFLICTING.number}: CONFLICTING: request_conflict_fix (dry run), conflict, due " in words


def test_what_cannot_be_read_is_named_and_the_exit_says_so(tmp_path: Path, database_url: str):
    with terminal(tmp_path, database_url) as at:
        at.played.server.tokens = set()
        code, said, _ = at.run()
        (tmp_path / "tenants" / DEFAULT_TENANT / "token").unlink()
        missing, told, _ = at.run()
    assert (code, missing) == (1, 1)
    assert f"{REPO}: could not be looked at: forge_token_refused" in said
    assert f"{REPO}: could not be looked at: config_invalid" in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run",), "--once"),
        (("explain", "acme/shop"), "acme/shop#41"),
        (("explain", "acme/shop#x"), "acme/shop#41"),
        (("explain", "acme/other#1"), "[[forges]]"),
    ],
)
def test_what_is_asked_wrongly_is_answered_with_one_line(
    tmp_path: Path, database_url: str, arguments: tuple[str, ...], says: str
):
    with terminal(tmp_path, database_url) as at:
        code, _, error = at.shepherd(*arguments)
    assert code == 2
    assert says in error
    assert "Traceback" not in error
