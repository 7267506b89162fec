"""The real Claude Code works as always, and its work becomes rows: each fire once, and nothing private in any."""

import json
import sys
from pathlib import Path

import pytest

from tallyward.testing.scripted_model import Fail, Say, Script, Use
from tests.clients.claude import RealClaude
from tests.clients.rows import arrived, by_kind, everything_kept, fires, told
from tests.clients.wire import Wire
from tests.servers import Server
from tests.waiting import eventually

pytestmark = pytest.mark.clients

COMMAND, PROMPT, OUTPUT = "echo held-out-$((40 + 2))", "please find the canary-prompt", "held-out-42"
SHELL = Use("Bash", {"command": COMMAND, "description": "canary-description"})
ANSWER = "canary-last-message"
ARRIVAL_SECONDS_MAX = 5.0
PLUGIN = Path(__file__).parents[2] / "deploy" / "claude-plugin"


def test_one_tool_call_is_one_row_beside_one_for_the_prompt(claude: RealClaude, serve: Server):
    done = claude.ask(PROMPT, Script([SHELL, Say(ANSWER)]))
    assert (done.code, done.out.strip()) == (0, ANSWER.encode())
    eventually(lambda: {row["status"] for row in fires(serve)} == {"success"}, ARRIVAL_SECONDS_MAX)
    rows = by_kind(fires(serve))
    (tool,), (prompt,) = rows["tool"], rows["session"]
    for row in (tool, prompt):
        assert (row["engineer_id"], row["runtime"], row["status"]) == ("ann", "claude-code-cli", "success")
        assert (row["repo"], row["branch"], row["seen_by"]) == ("acme/widget", "trunk", ["hook"])
    assert (tool["skill_name"], prompt["skill_name"]) == ("Bash", "session")
    assert 0 < tool["latency_ms"] < prompt["latency_ms"] < done.seconds * 1000
    assert tool["session_id"] == prompt["session_id"]
    assert tool["prompt_id"] == prompt["prompt_id"]
    assert tool["arg_hash"].startswith("hmac-sha256:")


def test_nothing_private_is_anywhere(claude: RealClaude, serve: Server, wire: Wire):
    (claude.repository / "canary-file.txt").write_text("canary-content")
    (claude.laptop.home / "canary-outside.txt").write_text("canary-content")
    steps = [
        SHELL,
        Use("Bash", {"command": "echo canary-error >&2; exit 3", "description": "canary-description"}),
        Use("Read", {"file_path": str(claude.repository / "canary-file.txt")}),
        Use("Read", {"file_path": str(claude.laptop.home / "canary-outside.txt")}),
        Use("Skill", {"skill": "probe-echo", "args": "canary-arguments"}),
        Say(ANSWER),
    ]
    assert claude.ask(f"/probe-echo {PROMPT}", Script(steps)).out.strip() == ANSWER.encode()
    rows = arrived(claude, serve)
    assert len(by_kind(rows)["tool"]) == 4
    kept = everything_kept(claude, serve, wire)
    assert b"probe-echo" in kept["the database"]
    assert b"probe-echo" in kept["the wire"]
    secrets = ["echo held", OUTPUT, "canary", "find the", str(claude.laptop.home), "secret@", "scripted-key"]
    for place, content in kept.items():
        # The name of a file of the repository is recorded; what is in it is not.
        shown = content.replace(b"canary-file.txt", b"")
        for secret in secrets:
            assert secret.encode() not in shown, f"{secret!r} is in {place}"


def test_every_way_of_working_is_told_by_its_own_name(claude: RealClaude, serve: Server):
    probe = Path(__file__).with_name("probe_mcp.py")
    (claude.repository / "a.txt").write_text("one\n")
    read = Use("Read", {"file_path": str(claude.repository / "a.txt")})
    delegate = Use("Agent", {"description": "look", "prompt": "SUBTASK", "subagent_type": "general-purpose"})
    servers = {"mcpServers": {"probe": {"command": sys.executable, "args": [str(probe)]}}}
    steps = [Use("Skill", {"skill": "probe-echo"}), Use("mcp__probe__ping", {"x": 1}), delegate, Say("done")]
    options = ("--mcp-config", json.dumps(servers))
    done = claude.ask("go", Script([read, Say("seen")], when="SUBTASK"), Script(steps), options=options)
    assert done.out.strip() == b"done", done.err
    claude.ask("/probe-echo again", Script([Say("done")]))
    rows = arrived(claude, serve)
    assert told(rows) == [
        ("agent", "general-purpose", "success"),
        ("mcp", "mcp__probe__ping", "success"),
        ("session", "session", "success"),
        ("session", "session", "success"),
        ("skill", "probe-echo", "success"),
        ("skill", "probe-echo", "success"),
        ("tool", "Read", "success"),
    ]
    assert all(row["latency_ms"] is not None for row in rows)
    (agent,) = by_kind(rows)["agent"]
    assert agent["output_tokens"] is None  # the program tells those of the last of its two requests alone
    assert serve.rows("SELECT agent_name, file_path, repo FROM context_fetches") == [
        ("general-purpose", "a.txt", "acme/widget")
    ]


def test_what_goes_wrong_is_an_error_and_what_is_refused_is_abandoned(claude: RealClaude, serve: Server):
    failing = Use("Bash", {"command": "exit 3", "description": "fails"})
    claude.ask("go", Script([failing, Use("mcp__probe__missing", {}), Say("done")]))
    claude.ask("go", Script([Fail(400)]))
    rows = by_kind(arrived(claude, serve))
    assert [row["status"] for row in rows["tool"]] == ["error"]
    assert sorted(row["status"] for row in rows["session"]) == ["error", "success"]


def test_hooks_in_two_settings_files_still_give_one_row(claude: RealClaude, serve: Server):
    assert claude.tally("connect", "claude", "--project").code == 0
    claude.ask("go", Script([SHELL, Say("done")]))
    assert sorted(row["kind"] for row in arrived(claude, serve)) == ["session", "tool"]


@pytest.mark.parametrize("connected", [True, False], ids=["beside settings", "alone"])
def test_hooks_of_the_plugin_give_one_row_alone_and_beside_those_in_the_settings(
    claude: RealClaude, serve: Server, connected: bool
):
    if not connected:
        assert claude.tally("disconnect", "claude").code == 0
    done = claude.ask("go", Script([SHELL, Say("done")]), options=("--plugin-dir", str(PLUGIN)))
    assert (done.code, done.out.strip(), done.err.strip()) == (0, b"done", b"")
    rows = arrived(claude, serve)
    assert told(rows) == [("session", "session", "success"), ("tool", "Bash", "success")]
    assert all(row["latency_ms"] is not None for row in rows)


def test_the_plugin_on_a_machine_that_was_never_connected_does_nothing_and_no_harm(claude: RealClaude, serve: Server):
    claude.tally("disconnect", "claude")
    (claude.laptop.root / "hooks" / "claude_code").unlink()
    done = claude.ask("go", Script([SHELL, Say("done")]), options=("--plugin-dir", str(PLUGIN)))
    assert (done.code, done.out.strip(), done.err.strip()) == (0, b"done", b"")
    assert arrived(claude, serve) == []


def test_a_server_that_is_gone_costs_the_engineer_nothing(claude: RealClaude, serve: Server):
    serve.kill()
    done = claude.ask("go", Script([SHELL, Say("done")]))
    assert (done.code, done.out.strip(), done.err.strip()) == (0, b"done", b"")
    status = json.loads(claude.tally("status", "--json").out)
    assert status["spool_depth"] == 4  # the tool and the prompt, each at its begin and end
    assert claude.tally("flush").code == 1


def test_after_disconnecting_nothing_is_told_any_more(claude: RealClaude, serve: Server):
    claude.tally("disconnect", "claude")
    assert not (claude.laptop.home / ".claude" / "settings.json").exists()
    claude.ask("go", Script([SHELL, Say("done")]))
    assert arrived(claude, serve) == []


@pytest.mark.browser
def test_the_fire_is_on_the_page_within_five_seconds(claude: RealClaude, serve: Server):
    from playwright.sync_api import expect, sync_playwright

    from tests.browser.eyes import launch_options, looking, sign_in

    token = serve.token(engineer="ann")  # before Playwright's own loop runs
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(**launch_options())
        with looking(chromium, serve.address) as (page, _):
            sign_in(page, token, "/me")
            expect(page.get_by_text("Live", exact=True)).to_be_visible()
            claude.ask("go", Script([Use("Skill", {"skill": "probe-echo"}), Say("done")]))
            expect(page.locator("main")).to_contain_text("probe-echo", timeout=ARRIVAL_SECONDS_MAX * 1000)
        chromium.close()


def test_the_plugin_brings_our_mcp_server_of_the_installation_that_was_connected(claude: RealClaude, serve: Server):
    (claude.repository / "notes.md").write_text("canary-content")
    fetch = Use("mcp__plugin_tallyward_tallyward__record_context_fetch", {"file_path": "notes.md"})
    options = ("--plugin-dir", str(PLUGIN), "--allowedTools", fetch.tool)
    done = claude.ask("go", Script([fetch, Say("done")]), options=options)
    assert done.out.strip() == b"done", done.err
    claude.tally("flush")
    assert serve.rows("SELECT file_path, repo FROM context_fetches") == [("notes.md", "acme/widget")]
