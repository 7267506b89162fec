"""Deliveries of forges when the server dies: what was answered is processed in the end, once; and none of the words
that came along is written anywhere.
"""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_canary import everything_written
from tests.servers import TALLY, Server, environment, serving, tally
from tests.waiting import eventually
from tests.webhook_examples import github, pull_request

PATH = "/tenants/default/webhook"
CANARY = "c4n4ry-0xDEADBEEF"


def add_secret(server: Server, *arguments: str) -> dict[str, Any]:
    told = tally(
        "webhook", "secret", "add", "--json", "--data", str(server.data_dir), *arguments, home=server.data_dir.parent
    )
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def deliver(server: Server, secret: str, payload: dict[str, Any], event: str = "pull_request") -> int:
    body = json.dumps(payload).encode()
    return server.call("POST", PATH, body, headers=github(event, body, secret)).status


def settled(server: Server) -> bool:
    return server.rows("SELECT count(*) FROM deliveries WHERE state = 'waiting'") == [(0,)]


@pytest.mark.parametrize("point", ["deliveries.begun", "deliveries.before_commit"])
def test_f02_a_kill_between_storing_and_processing_loses_nothing_and_doubles_nothing(
    tmp_path: Path, point: str
) -> None:
    with serving(tmp_path / "data", extra={"TALLY_FAULT_POINTS": f"{point}=kill"}) as server:
        secret = add_secret(server)["secret"]
        assert deliver(server, secret, pull_request(number=1)) == 202
        assert server.process.wait(30) == -signal.SIGKILL
        assert server.rows("SELECT state, tries FROM deliveries") == [("waiting", 1)]
        assert server.rows("SELECT count(*) FROM pull_requests") == [(0,)]

        server.start(extra={})

        eventually(lambda: settled(server), 20)
        assert server.rows("SELECT number FROM pull_requests") == [(1,)]
        assert server.rows("SELECT state, tries FROM deliveries") == [("done", 2)]


def test_f24_one_that_ends_the_process_each_time_is_parked_and_its_neighbours_are_not(tmp_path: Path) -> None:
    """Here every delivery does so; each is taken alone from its second time on, so each counts its own tries."""
    with serving(tmp_path / "data", extra={"TALLY_FAULT_POINTS": "deliveries.before_commit=kill"}) as server:
        secret = add_secret(server)["secret"]
        assert deliver(server, secret, pull_request(number=1)) == 202
        assert server.process.wait(30) == -signal.SIGKILL
        server.start(extra={"TALLY_FAULT_POINTS": "deliveries.before_commit=kill"})
        assert server.process.wait(30) == -signal.SIGKILL
        assert server.rows("SELECT tries FROM deliveries") == [(2,)]

        server.start(extra={})

        assert deliver(server, secret, pull_request(number=2)) == 202
        eventually(lambda: settled(server), 20)
        assert server.rows("SELECT tries FROM deliveries ORDER BY id") == [(3,), (1,)]


def test_the_first_of_two_servers_to_die_leaves_its_deliveries_to_the_other(tmp_path: Path) -> None:
    with serving(tmp_path / "data", extra={"TALLY_FAULT_POINTS": "deliveries.begun=kill"}) as one:
        secret = add_secret(one)["secret"]
        other = Server(one.data_dir, [], {}, None)
        other.log_path = one.log_path.with_suffix(".second.log")
        other.start()
        assert deliver(other, secret, pull_request(number=1)) == 202
        eventually(lambda: settled(other), 20)
        assert one.process.poll() is not None
        assert other.terminate() == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("inbox") / "data") as running:
        yield running


def test_f19_none_of_the_words_of_a_delivery_is_written_anywhere(server: Server) -> None:
    secret = add_secret(server)["secret"]
    words = pull_request(
        title=f"{CANARY} title", body=f"{CANARY} body", labels=[{"name": "bug", "description": CANARY}],
        head={"ref": "basket", "sha": "a" * 40, "label": f"octo:{CANARY}"}, user={"login": "octo", "name": CANARY},
    )  # fmt: skip
    assert deliver(server, secret, {**words, "comment": {"body": CANARY}, "sender": {"login": CANARY}}) == 202
    review = {"state": "changes_requested", "commit_id": "e" * 40, "body": CANARY}
    assert deliver(server, secret, {**words, "action": "submitted", "review": review}, "pull_request_review") == 202
    commits = [{"id": "f" * 40, "message": CANARY, "author": {"email": CANARY}, "added": [CANARY]}]
    repository = {"id": 99, "full_name": "acme/shop", "description": CANARY}
    push = {"ref": "refs/heads/x", "after": "a" * 40, "commits": commits, "repository": repository}
    assert deliver(server, secret, push, "push") == 202
    assert deliver(server, secret, {"comment": {"body": CANARY}, "issue": {"title": CANARY}}, "issue_comment") == 202
    assert deliver(server, secret, {"x": CANARY, CANARY: 1}, "sentience") == 202
    assert deliver(server, secret, {"pull_request": {"title": CANARY}, "repository": {"full_name": CANARY}}) == 202
    assert deliver(server, "x" * 20, {"pull_request": {"title": CANARY}}) == 401
    cut = b'{"title": "' + CANARY.encode()
    assert server.call("POST", PATH, cut, headers=github("push", cut, secret)).status == 400
    eventually(lambda: settled(server), 20)
    found = [name for name, content in everything_written(server).items() if CANARY.encode() in content]
    assert found == []


def test_f19_no_secret_of_a_webhook_is_written_anywhere_but_sealed(server: Server) -> None:
    secret = add_secret(server)["secret"]
    given = "a secret that the forge had already"
    told = tally_with(given, server)
    assert given not in told
    for key in (secret, given):  # a server knows a new one within seconds
        eventually(lambda key=key: deliver(server, key, pull_request(body=key[:3])) in (200, 202), 10)
    listed = tally("webhook", "secret", "list", "--json", "--data", str(server.data_dir), home=server.data_dir.parent)
    assert {"id", "name", "created_at", "expires_at", "revoked_at"} == set(json.loads(listed.stdout)["secrets"][0])
    written = everything_written(server)
    for text in (secret, given):
        assert [name for name, content in written.items() if text.encode() in content] == []


def tally_with(given: str, server: Server) -> str:
    """What the command says when it reads a secret from its standard input."""
    done = subprocess.run(
        [TALLY, "webhook", "secret", "add", "--from-stdin", "--name", "old", "--data", str(server.data_dir)],
        env=environment(server.data_dir.parent), input=f"{given}\n", capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_secrets_are_revoked_and_deliveries_listed_shown_and_replayed_from_the_terminal(server: Server) -> None:
    made = add_secret(server, "--expires", "90d", "--name", "soon gone")
    eventually(lambda: deliver(server, made["secret"], pull_request(number=31)) == 202, 10)
    eventually(lambda: settled(server), 20)
    home = server.data_dir.parent
    extra = {"TALLY_SERVER": server.address, "TALLY_TOKEN": server.token("admin")}
    listed = json.loads(tally("deliveries", "list", "--json", home=home, extra=extra).stdout)
    number = max(row["id"] for row in listed["deliveries"] if row["number"] == 31)
    assert "pull_request.opened" in tally("deliveries", "list", home=home, extra=extra).stdout
    assert '"number": 31' in tally("deliveries", "show", str(number), home=home, extra=extra).stdout
    replayed = tally("deliveries", "replay", str(number), "--json", home=home, extra=extra)
    assert json.loads(replayed.stdout) == {"ids": [number]}
    assert tally("deliveries", "replay", home=home, extra=extra).returncode == 2
    assert tally("deliveries", "replay", "--parked", home=home, extra=extra).returncode == 0
    revoked = tally("webhook", "secret", "revoke", str(made["id"]), "--data", str(server.data_dir), home=home)
    assert "Revoked soon gone" in revoked.stdout
    unknown = tally("webhook", "secret", "revoke", "999", "--data", str(server.data_dir), home=home)
    assert (unknown.returncode, "`tally webhook secret list`" in unknown.stderr) == (2, True)
    eventually(lambda: deliver(server, made["secret"], pull_request(number=32)) == 401, 10)
