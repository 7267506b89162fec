"""`tally doctor` from end to end: a real server, the hooks as they were installed, a canary through each of them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import diagnosis
from tests.laptop import Laptop
from tests.servers import TALLY, Server, serving


@pytest.fixture
def server(tmp_path: Path, database_url: str) -> Iterator[Server]:
    """A server of the test's own, since some of them kill it."""
    with serving(tmp_path / "data", database=database_url) as server:
        yield server


@pytest.fixture
def connected(laptop: Laptop, server: Server) -> Laptop:
    """A laptop with both agent programs connected; neither is installed."""
    for folder in (".claude", ".codex"):
        (laptop.home / folder).mkdir()
    laptop.environ["PATH"] = "/usr/bin:/bin"
    done = laptop.run([TALLY, "connect", "--all", "--server", server.address, "--token", server.token("capture")])
    assert done.code == 0, done.err
    return laptop


def doctor(laptop: Laptop) -> tuple[int, dict]:
    done = laptop.run([TALLY, "doctor", "--json"], cwd=laptop.home)
    return done.code, diagnosis.read(done.out)


def test_a_canary_of_each_program_arrives_and_counts_for_nobody(connected: Laptop, server: Server):
    code, found = doctor(connected)
    assert (code, found["canary"]["status"], found["codex canary"]["status"]) == (0, "pass", "pass"), found
    assert server.rows("SELECT count(*) FROM skill_invocations") == [(0,)]
    lead = server.token("read")
    team = server.call("GET", "/v1/utilization", token=lead).json["team"]
    assert (team["all_rows"], team["tool_calls"], team["engineers"]) == (0, 0, 0)
    assert server.call("GET", "/v1/fires", token=lead).json["fires"] == []
    kept = server.rows("SELECT runtime, kind, status FROM skill_invocations ORDER BY id", tenant="default:doctor")
    assert [row[1] for row in kept] == ["mcp", "mcp"]


def test_canaries_beside_real_fires_leave_those_alone(server: Server):
    token = server.token("capture", "read")
    row = {"engineer_id": "ann", "skill_name": "/start", "runtime": "claude-code-cli", "status": "success"}
    canary = {**row, "session_id": "tally-doctor-1", "fire_key": "c1"}
    body = [{**row, "fire_key": "a"}, canary, {"bad": 1}, {**row, "fire_key": "b"}, canary]
    said = server.call("POST", "/v1/trace?partial=true", body, token=token).json
    assert [number is None for number in said["ids"]] == [False, False, True, False, False]
    assert said["ids"][1] == said["ids"][4]
    assert [fire["fire_key"] for fire in server.call("GET", "/v1/fires", token=token).json["fires"]] == ["b", "a"]
    seen = server.call("GET", "/v1/canary?session=tally-doctor-1", token=token).json["fires"]
    assert [fire["fire_key"] for fire in seen] == ["c1"]
    assert server.call("GET", "/v1/canary", token=token).json["fires"] == [], "one has to know which"


def test_canaries_of_one_organisation_are_hidden_from_another(server: Server):
    ours, theirs = server.token("capture", tenant="acme"), server.token("capture")
    row = {"engineer_id": "ann", "skill_name": "x", "runtime": "claude-code-cli", "status": "success"}
    server.call("POST", "/v1/trace", {**row, "session_id": "tally-doctor-2"}, token=ours)
    path = "/v1/canary?session=tally-doctor-2"
    assert len(server.call("GET", path, token=ours).json["fires"]) == 1
    assert server.call("GET", path, token=theirs).json["fires"] == []


def test_a_wrong_token_and_a_server_that_has_gone(connected: Laptop, server: Server):
    config = connected.root / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "token": "tw_capture_" + "0" * 49}))
    code, found = doctor(connected)
    assert (code, found["token"]["status"], found["canary"]["status"]) == (1, "fail", "skip")
    server.kill()
    code, found = doctor(connected)
    assert (code, found["server"]["status"], found["canary"]["status"]) == (1, "fail", "skip")


def test_settings_that_name_another_server_are_followed(connected: Laptop, server: Server):
    """The canary goes where the client's own settings send it, and not where the doctor would."""
    settings = Path(connected.home) / ".claude" / "settings.json"
    elsewhere = {"TALLY_SERVER": "http://127.0.0.1:1"}
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "env": elsewhere}))
    code, found = doctor(connected)
    assert (code, found["server"]["status"], found["canary"]["status"]) == (1, "pass", "fail")
    assert "127.0.0.1:1" in found["canary"]["message"]
