"""`tally serve` with a forge that delivers to it: a change is looked at by itself, acted on, and never twice."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from tallyward.domain.forge import Check
from tallyward.testing.forge_stage import CANARY, REPO, StagedPull
from tests.faults.test_inbox import add_secret, deliver
from tests.forges.github_stage import REPO_ID, GithubStage, github
from tests.forges.shepherded import comments_of, shows_comments, tenants_folder
from tests.servers import Server, serving
from tests.waiting import eventually
from tests.webhook_examples import pull_request

pytestmark = pytest.mark.forges
LOOKED_SECONDS = 60.0  # a look comes ten seconds after the delivery, and the machine may be busy
DECIDED = "SELECT action, payload ->> 'reason' FROM events_outbox WHERE kind = 'pull_request.decision' ORDER BY seq"
ACTED = "SELECT payload ->> 'code' FROM events_outbox WHERE kind = 'pull_request.acted' ORDER BY seq"


@contextmanager
def delivered_to(tmp_path: Path, **extra: str) -> Iterator[tuple[Server, GithubStage, str]]:
    """A server, a GitHub with one pull request that conflicts, and the secret by which it signs."""
    with github() as played:
        green = (Check(name="ci", status="completed", conclusion="success"),)
        played.hold(StagedPull(number=7, author="copilot", head_branch="copilot/x", conflicting=True, checks=green))
        shows_comments(played)
        folder = tenants_folder(tmp_path, played.server.address, acts=True)
        with serving(tmp_path / "data", "--tenants", str(folder), extra=extra) as server:
            yield server, played, add_secret(server)["secret"]
        assert played.server.wrong == []


def changed(server: Server, secret: str, at: str) -> None:
    payload = pull_request(number=7, updated_at=at)
    payload["repository"] = {"id": REPO_ID, "full_name": REPO}
    assert deliver(server, secret, payload) == 202


def test_a_delivery_brings_a_look_and_the_look_what_is_needed(tmp_path: Path) -> None:
    with delivered_to(tmp_path) as (server, played, secret):
        changed(server, secret, "2026-11-20T10:00:00Z")
        changed(server, secret, "2026-11-20T10:00:01Z")
        eventually(lambda: server.rows(ACTED), LOOKED_SECONDS)
        assert server.rows(DECIDED)[0] == ("request_conflict_fix", "conflict")
        assert [body.split("\n")[0] for body in comments_of(played)] == ["Can you fix the merge conflict?"]
        assert server.rows(ACTED) == [("done",)]
        told = server.call("GET", "/v1/shepherd", token=server.token("read")).json
        assert [cared["stands"] for cared in told["pull_requests"]] == ["CONFLICTING"]
        assert CANARY not in json.dumps(told) + server.log


def test_a_server_that_dies_after_it_spoke_says_nothing_a_second_time(tmp_path: Path) -> None:
    with delivered_to(tmp_path, TALLY_FAULT_POINTS="shepherd.after_act=kill") as (server, played, secret):
        with suppress(OSError, HTTPException):  # it looks at its start, too, and may be dead by now
            changed(server, secret, "2026-11-20T10:00:00Z")
        assert server.process.wait(LOOKED_SECONDS) == -signal.SIGKILL
        assert len(comments_of(played)) == 1
        assert server.rows(ACTED) == []

        server.start(extra={})
        changed(server, secret, "2026-11-20T10:01:00Z")

        eventually(lambda: server.rows(ACTED), LOOKED_SECONDS)
        assert server.rows(ACTED) == [("found",)]
        assert eventually(lambda: server.rows(DECIDED)[-1] == ("wait", "conflict_fix_asked"), LOOKED_SECONDS)
        assert len(comments_of(played)) == 1
