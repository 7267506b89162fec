"""The real Codex works as always, and its work becomes rows: each fire once, and nothing private in any."""

import json
from pathlib import Path

import pytest

from tallyward.testing.scripted_model import SHELL, Fail, Say, Script, Use
from tests import diagnosis
from tests.clients.codex import IN_NAMESPACES, PLAIN, PROGRAMMING, SETTINGS, RealCodex
from tests.clients.codex_application import CodexApplication
from tests.clients.rows import arrived, by_kind, everything_kept, fires, told
from tests.clients.wire import Wire
from tests.servers import Server
from tests.waiting import eventually

pytestmark = pytest.mark.clients

COMMAND, PROMPT, OUTPUT = "echo held-out-$((40 + 2))", "please find the canary-prompt", "held-out-42"
RUN = Use(SHELL, {"command": COMMAND})
ANSWER = "canary-last-message"
ARRIVAL_SECONDS_MAX = 5.0


def patch(name: str) -> Use:
    return Use("apply_patch", {"input": f"*** Begin Patch\n*** Add File: {name}\n+canary-content\n*** End Patch\n"})


@pytest.mark.parametrize("model", [PLAIN, PROGRAMMING])
def test_one_tool_call_is_one_row_beside_one_for_the_prompt(codex: RealCodex, serve: Server, model: str):
    done = codex.ask(PROMPT, Script([RUN, Say(ANSWER)]), model=model)
    assert (done.code, done.out.strip()) == (0, ANSWER.encode())
    eventually(lambda: {row["status"] for row in fires(serve)} == {"success"}, ARRIVAL_SECONDS_MAX)
    rows = by_kind(fires(serve))
    (tool,), (prompt,) = rows["tool"], rows["session"]
    for row in (tool, prompt):
        assert (row["engineer_id"], row["runtime"], row["status"]) == ("ann", "codex-cli", "success")
        assert (row["repo"], row["branch"], row["seen_by"]) == ("acme/widget", "trunk", ["hook"])
        assert row["model"] == model
    assert (tool["skill_name"], prompt["skill_name"]) == ("Bash", "session")
    assert 0 <= tool["latency_ms"] < prompt["latency_ms"] < done.seconds * 1000
    assert (tool["session_id"], tool["prompt_id"]) == (prompt["session_id"], prompt["prompt_id"])
    assert tool["arg_hash"].startswith("hmac-sha256:")


@pytest.mark.parametrize("model", [PLAIN, PROGRAMMING])
def test_nothing_private_is_anywhere(codex: RealCodex, serve: Server, wire: Wire, model: str):
    steps = [
        RUN,
        Use(SHELL, {"command": "echo canary-error >&2; exit 3"}),
        patch("canary-file.txt"),
        Use(SHELL, {"command": f"cat {codex.skill} # canary-comment"}),
        Say(ANSWER),
    ]
    assert codex.ask(f"$probe-echo {PROMPT}", Script(steps), model=model).out.strip() == ANSWER.encode()
    assert (codex.repository / "canary-file.txt").exists()
    assert len(by_kind(arrived(codex, serve))["tool"]) == 4
    kept = everything_kept(codex, serve, wire)
    assert b"probe-echo" in kept["the database"]
    assert b"probe-echo" in kept["the wire"]
    secrets = ["echo held", OUTPUT, "canary", "find the", str(codex.laptop.home), "secret@", "scripted-key", "SKILL.md"]
    for place, content in kept.items():
        for secret in secrets:
            assert secret.encode() not in content, f"{secret!r} is in {place}"


def test_every_way_of_working_is_told_by_its_own_name(codex: RealCodex, serve: Server):
    steps = [
        Use("mcp__probe__ping", {"x": 1}),
        Use("multi_agent_v1__spawn_agent", {"message": "SUBTASK"}),
        Use(SHELL, {"command": "sleep 2"}),
        Say("done"),
    ]
    subtask = Script([Use(SHELL, {"command": "true"}), Say("seen")], when="SUBTASK")
    done = codex.ask("go", subtask, Script(steps), model=IN_NAMESPACES)
    assert done.out.strip() == b"done", done.err
    rows = arrived(codex, serve)
    assert told(rows) == [
        ("agent", "default", "success"),
        ("mcp", "mcp__probe__ping", "success"),
        ("session", "session", "success"),
        ("tool", "Bash", "success"),
        ("tool", "Bash", "success"),
    ]
    assert all(row["latency_ms"] is not None for row in rows)
    assert len({row["session_id"] for row in rows}) == 1


def test_what_a_program_of_the_model_calls_is_told_call_by_call(codex: RealCodex, serve: Server):
    both = "await Promise.all([tools.exec_command({cmd: 'sleep 0.2'}), tools.exec_command({cmd: 'exit 3'})])"
    steps = [Use("exec", {"program": both}), patch("a.txt"), Use("mcp__probe__ping", {"x": 1}), Say("done")]
    assert codex.ask("go", Script(steps), model=PROGRAMMING).out.strip() == b"done"
    assert told(arrived(codex, serve)) == [
        ("mcp", "mcp__probe__ping", "success"),
        ("session", "session", "success"),
        ("tool", "Bash", "error"),
        ("tool", "Bash", "success"),
        ("tool", "apply_patch", "success"),
    ]


def test_a_skill_that_is_typed_and_one_that_is_read_are_fires_of_the_skill(codex: RealCodex, serve: Server):
    codex.ask("please $probe-echo now", Script([Say("done")]))
    typed = arrived(codex, serve)
    assert told(typed) == [("session", "session", "success"), ("skill", "probe-echo", "success")]
    codex.ask("go", Script([Use(SHELL, {"command": f"cat {codex.skill}"}), Say("done")]))
    assert told(arrived(codex, serve)) == [
        ("session", "session", "success"),
        ("session", "session", "success"),
        ("skill", "probe-echo", "success"),
        ("skill", "probe-echo", "success"),
        ("tool", "Bash", "success"),
    ]


def test_what_goes_wrong_is_an_error_and_what_is_refused_is_abandoned(codex: RealCodex, serve: Server):
    refused = ("-c", 'mcp_servers.probe.default_tools_approval_mode="prompt"')
    failing = Use(SHELL, {"command": "exit 3"})
    hidden = Use(
        SHELL, {"command": "apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: b.txt\n+b\n*** End Patch\nEOF\n"}
    )
    steps = [failing, Use("mcp__probe__ping", {}), hidden, Say("done")]
    codex.ask("go", Script(steps), model=IN_NAMESPACES, options=refused)
    codex.ask("go", Script([Fail(400)]))
    assert told(arrived(codex, serve)) == [
        ("mcp", "mcp__probe__ping", "abandoned"),
        ("session", "session", "error"),
        ("session", "session", "success"),
        ("tool", "Bash", "error"),
        ("tool", "apply_patch", "success"),
    ]


@pytest.mark.parametrize(("name", "runtime"), [("Codex Desktop", "codex-desktop"), ("codex_vscode", "codex-local")])
def test_an_application_is_told_apart_from_the_terminal(codex: RealCodex, serve: Server, name: str, runtime: str):
    with CodexApplication(codex, name, Script([RUN, Say("done")])) as application:
        application.begin("go")
        application.wait("turn/completed")
    rows = arrived(codex, serve)
    assert told(rows) == [("session", "session", "success"), ("tool", "Bash", "success")]
    assert {row["runtime"] for row in rows} == {runtime}


def test_a_command_that_is_interrupted_and_its_turn_are_abandoned(codex: RealCodex, serve: Server):
    with CodexApplication(codex, "Codex Desktop", Script([Use(SHELL, {"command": "sleep 60"})])) as application:
        turn = application.begin("go")
        application.wait("item/started", type="commandExecution")
        application.ask("turn/interrupt", threadId=application.thread, turnId=turn)
        application.wait("turn/completed")
    rows = arrived(codex, serve)
    assert told(rows) == [("session", "session", "abandoned"), ("tool", "Bash", "abandoned")]
    assert by_kind(rows)["session"][0]["latency_ms"] < 60_000


def test_codex_runs_no_hook_that_nobody_has_trusted(unconnected_codex: RealCodex, serve: Server):
    codex = unconnected_codex
    done = codex.tally("connect", "codex", "--server", serve.address, "--token", serve.token(engineer="ann"))
    assert (done.code, b"/hooks" in done.out) == (0, True)
    found = diagnosis.read(codex.tally("doctor", "--json").out)
    assert (found["codex hooks"]["status"], found["codex trust"]["status"]) == ("pass", "fail")
    codex.ask("go", Script([RUN, Say("done")]))
    assert arrived(codex, serve) == []
    assert codex.tally("connect", "codex", "--trust").code == 0
    found = diagnosis.read(codex.tally("doctor", "--json").out)
    assert found["codex trust"]["status"] == "pass"
    codex.ask("go", Script([RUN, Say("done")]))
    assert len(arrived(codex, serve)) == 2


def test_disconnecting_gives_both_files_back_and_nothing_is_told_any_more(codex: RealCodex, serve: Server):
    assert codex.settings.read_text() != SETTINGS
    assert codex.tally("disconnect", "codex").code == 0
    assert codex.settings.read_text() == SETTINGS
    assert not (codex.settings.parent / "hooks.json").exists()
    codex.ask("go", Script([RUN, Say("done")]))
    assert arrived(codex, serve) == []


def test_a_server_that_is_gone_costs_the_engineer_nothing(codex: RealCodex, serve: Server):
    serve.kill()
    done = codex.ask("go", Script([RUN, Say("done")]))
    assert (done.code, done.out.strip()) == (0, b"done")
    assert json.loads(codex.tally("status", "--json").out)["spool_depth"] == 4  # each of the two at begin and end
    assert codex.tally("flush").code == 1


def test_a_folder_of_codex_elsewhere_is_honoured(unconnected_codex: RealCodex, serve: Server, tmp_path: Path):
    codex = unconnected_codex
    codex.settings.parent.rename(tmp_path / "elsewhere")
    codex.laptop.environ["CODEX_HOME"] = str(tmp_path / "elsewhere")
    token = serve.token(engineer="ann")
    assert codex.tally("connect", "codex", "--trust", "--server", serve.address, "--token", token).code == 0
    codex.ask("go", Script([RUN, Say("done")]))
    assert len(arrived(codex, serve)) == 2
