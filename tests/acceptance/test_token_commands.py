"""`tally token` and `tally db url` beside a running server and without one, as scripts and people use them."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tallyward import clock
from tests.acceptance.tenancy import ROW
from tests.servers import Server, serving, tally
from tests.waiting import eventually

REVOCATION_SECONDS = 5.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an embedded PostgreSQL of its own, as on one machine."""
    with serving(tmp_path_factory.mktemp("commands") / "data") as running:
        yield running


def run(data_dir: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = tally(*arguments, "--data", str(data_dir), home=data_dir.parent)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done


def run_json(data_dir: Path, *arguments: str) -> Any:
    return json.loads(run(data_dir, *arguments, "--json").stdout)


def status(server: Server, token: str, path: str = "/v1/fires") -> int:
    return server.call("GET", path, token=token).status


def test_a_token_is_made_listed_used_and_revoked_beside_a_running_server(server: Server) -> None:
    made = run_json(
        server.data_dir, "token", "create", "--name", "laptop", "--scope", "capture,read", "--engineer", "amy"
    )
    token = made["token"]
    assert server.call("POST", "/v1/trace", ROW, token=token).status == 202
    assert server.call("GET", "/v1/capture-config", token=token).json["engineer_id"] == "amy"
    listed = run(server.data_dir, "token", "list", "--json").stdout
    assert token not in listed
    (mine,) = [item for item in json.loads(listed)["tokens"] if item["id"] == made["id"]]
    assert (mine["name"], mine["scopes"], mine["engineer_id"]) == ("laptop", ["capture", "read"], "amy")
    assert status(server, token) == 200
    run(server.data_dir, "token", "revoke", str(made["id"]))
    revoked_at = clock.elapsed_seconds()
    eventually(lambda: status(server, token) == 401, REVOCATION_SECONDS)
    assert clock.elapsed_seconds() - revoked_at < REVOCATION_SECONDS
    assert server.call("POST", "/v1/trace", ROW, token=token).status == 401


def test_without_json_the_token_alone_is_on_standard_output(server: Server) -> None:
    done = run(server.data_dir, "token", "create", "--name", "pod", "--scope", "read")
    assert status(server, done.stdout.strip()) == 200
    assert done.stdout.count("\n") == 1
    assert "Shown once" in done.stderr


def test_a_token_is_revoked_by_its_name(server: Server) -> None:
    token = run_json(server.data_dir, "token", "create", "--name", "by-name", "--scope", "read")["token"]
    ended = run_json(server.data_dir, "token", "revoke", "by-name")["revoked"]
    assert [item["name"] for item in ended] == ["by-name"]
    eventually(lambda: status(server, token) == 401, REVOCATION_SECONDS)
    assert run(server.data_dir, "token", "revoke", "by-name", code=2).stderr.count("\n") == 1


def test_a_token_of_another_tenant_sees_that_tenant(server: Server) -> None:
    token = run_json(server.data_dir, "token", "create", "--name", "x", "--scope", "capture,read", "--tenant", "org-2")[
        "token"
    ]
    server.call("POST", "/v1/trace", {**ROW, "engineer_id": "only-here"}, token=token)
    seen = server.call("GET", "/v1/fires", token=token).json["fires"]
    assert [fire["engineer_id"] for fire in seen] == ["only-here"]
    assert server.rows("SELECT count(*) FROM skill_invocations WHERE engineer_id = 'only-here'") == [(0,)]


def test_a_token_with_a_lifetime_says_when_it_ends(server: Server) -> None:
    made = run_json(server.data_dir, "token", "create", "--name", "x", "--scope", "read", "--expires", "12h")
    assert made["expires_at"] > made["created_at"]
    run(server.data_dir, "token", "create", "--name", "x", "--scope", "read", "--expires", "0d", code=2)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["create", "--name", "x", "--scope", "write"], "'write'"),
        (["create", "--name", " ", "--scope", "read"], "name"),
        (["create", "--name", "x", "--scope", "read", "--tenant", "No Such"], "No Such"),
        (["revoke", "999999"], "999999"),
        (["list", "--tenant", "../x"], "../x"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_two(server: Server, arguments: list[str], named: str) -> None:
    done = run(server.data_dir, "token", *arguments, code=2)
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert done.stderr.startswith("tally: ")
    assert named in done.stderr


def test_looking_at_a_tenant_that_is_not_there_does_not_make_it(server: Server) -> None:
    for command in (["list"], ["revoke", "1"]):
        assert "'typo'" in run(server.data_dir, "token", *command, "--tenant", "typo", code=2).stderr
    assert server.rows("SELECT count(*) FROM tenants", "typo") == [(0,)]


def test_the_url_of_the_database_works_for_psycopg_and_shows_one_tenant(server: Server) -> None:
    token = server.token("capture")
    server.call("POST", "/v1/trace", {**ROW, "engineer_id": "by-url"}, token=token)
    url = run(server.data_dir, "db", "url").stdout.strip()
    with psycopg.connect(url) as connection:
        assert ("by-url",) in connection.execute("SELECT engineer_id FROM skill_invocations").fetchall()
    other = run(server.data_dir, "db", "url", "--tenant", "nobody").stdout.strip()
    with psycopg.connect(other) as connection:
        assert connection.execute("SELECT engineer_id FROM skill_invocations").fetchall() == []


def test_the_url_of_another_database_keeps_what_stands_in_it(tmp_path: Path) -> None:
    for url in ("postgresql://u@h/d", "postgresql://u@h/d?sslmode=require"):
        said = tally("db", "url", "--database", url, "--tenant", "org", home=tmp_path).stdout.strip()
        assert said.startswith(url)
        assert "tally.tenant" in said


def test_without_a_server_tokens_are_made_all_the_same_and_the_server_knows_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    token = run_json(data, "token", "create", "--name", "early", "--scope", "capture,read")["token"]
    url = run(data, "db", "url", code=2)
    assert "tally serve" in url.stderr
    with serving(data) as server:
        assert status(server, token) == 200
    assert [item["name"] for item in run_json(data, "token", "list")["tokens"]] == ["early"]
    assert run_json(data, "db", "verify") == {"tenant": "default", "ok": True, "first_broken_seq": None}
    assert run(data, "db", "url", code=2).stdout == "", "the command stopped what it had started"


def test_the_audit_trail_verifies_and_a_broken_one_is_exit_one(server: Server) -> None:
    server.token(tenant="audited")
    server.token(tenant="audited")
    assert run_json(server.data_dir, "db", "verify", "--tenant", "audited")["ok"] is True
    with psycopg.connect(server.database_url, autocommit=True) as owner:
        owner.execute("SELECT set_config('tally.tenant', 'audited', false)")
        owner.execute("ALTER TABLE events_outbox DISABLE TRIGGER events_outbox_append_only")
        owner.execute("UPDATE events_outbox SET kind = 'other' WHERE seq = 2")
        owner.execute("ALTER TABLE events_outbox ENABLE TRIGGER events_outbox_append_only")
    broken = run(server.data_dir, "db", "verify", "--tenant", "audited", code=1)
    assert "event 2" in broken.stdout


def test_the_address_of_another_database_acts_as_the_server_does_whoever_logs_in(
    database_url: str, tmp_path: Path
) -> None:
    done = run(tmp_path / "data", "db", "url", "--database", database_url, "--tenant", "org-2")
    with psycopg.connect(done.stdout.strip()) as connection:
        facts = connection.execute("SELECT current_user, tally_tenant()").fetchone()
    assert facts == ("tally_app", "org-2")
