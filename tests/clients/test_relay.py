"""The real programs with the relay between: one row a fire, money as scripted, and nothing private on its way."""

import json
from pathlib import Path
from typing import Any

import pytest

from tallyward.client import relay_start
from tallyward.testing.scripted_model import SHELL as ANY_SHELL
from tallyward.testing.scripted_model import Say, Script, Usage, Use
from tests.clients.claude import RealClaude
from tests.clients.codex import RealCodex
from tests.clients.rows import arrived, by_kind, everything_kept
from tests.clients.test_claude import ANSWER, COMMAND, OUTPUT, PROMPT, SHELL
from tests.clients.wire import Wire
from tests.laptop import Laptop
from tests.servers import Server
from tests.waiting import eventually

pytestmark = pytest.mark.clients

USAGE = Usage(fresh=1_200, cache_write=300, cache_read=4_000, output=42)
MICROS = 10_925  # of one such request on claude-opus-4-8, at 5, 6.25, 0.5 and 25 dollars a million
BOTH = ["hook", "otlp"]
OPUS = ("--model", "claude-opus-4-8")
CONTENT = ("OTEL_LOG_USER_PROMPTS", "OTEL_LOG_ASSISTANT_RESPONSES", "OTEL_LOG_TOOL_DETAILS", "OTEL_LOG_TOOL_CONTENT")


def relay_pid(laptop: Laptop) -> int:
    """The relay's own process, which is not that of whoever began it."""

    def own() -> int:
        signed = relay_start.signed(str(laptop.root))
        command = Path(f"/proc/{signed[0]}/cmdline") if signed else Path("/nowhere")
        is_relay = command.exists() and b"relay/process.py" in command.read_bytes()
        return signed[0] if signed and is_relay else 0

    return eventually(own, 10)


def requests(serve: Server) -> list[tuple[Any, ...]]:
    return serve.rows("SELECT cost_micros, reported_cost_micros, engineer_id, repo, seen_by FROM metered_requests")


@pytest.fixture
def relayed(claude: RealClaude):
    """Claude Code with a relay."""
    done = claude.tally("connect", "claude", "--relay")
    assert (done.code, b"takes its hooks at each call and its telemetry" in done.out) == (0, True), done
    yield claude
    claude.tally("disconnect", "--all")


def test_a_call_is_one_row_that_hook_and_telemetry_saw_and_a_request_costs_what_was_scripted(
    relayed: RealClaude, serve: Server
):
    settings = json.loads((relayed.laptop.home / ".claude" / "settings.json").read_text())
    assert settings["hooks"]["PostToolUse"][0]["hooks"][0]["type"] == "http"
    done = relayed.ask(PROMPT, Script([SHELL, Say(ANSWER)]), options=OPUS, usage=USAGE)
    assert (done.code, done.out.strip(), done.err) == (0, ANSWER.encode(), b"")
    eventually(lambda: len(requests(serve)) == 2, 20)
    rows = by_kind(arrived(relayed, serve))
    (tool,), (prompt,) = rows["tool"], rows["session"]
    for row in (tool, prompt):
        assert (row["engineer_id"], row["runtime"], row["status"]) == ("ann", "claude-code-cli", "success")
        assert (row["repo"], row["branch"], row["seen_by"]) == ("acme/widget", "trunk", BOTH)
    assert tool["arg_hash"].startswith("hmac-sha256:")
    assert requests(serve) == [(MICROS, MICROS, "ann", "acme/widget", ["otlp"])] * 2


def test_nothing_private_is_written_or_sent_even_if_the_program_is_told_to_tell_all(
    relayed: RealClaude, serve: Server, wire: Wire
):
    relayed.laptop.environ |= dict.fromkeys(CONTENT, "1")
    skill = Use("Skill", {"skill": "probe-echo", "args": "canary-arguments"})
    failing = Use("Bash", {"command": "echo canary-error >&2; exit 3", "description": "canary-description"})
    relayed.ask(f"/probe-echo {PROMPT}", Script([SHELL, failing, skill, Say(ANSWER)]))
    eventually(lambda: len(requests(serve)) >= 4, 20)
    kept = everything_kept(relayed, serve, wire)
    assert b"probe-echo" in kept["the wire"]
    for place, content in kept.items():
        for secret in (COMMAND, OUTPUT, "canary", "find the", str(relayed.laptop.home), "secret@", "scripted-key"):
            assert secret.encode() not in content, f"{secret!r} is in {place}"


def test_a_relay_that_is_killed_in_mid_session_costs_no_fire(relayed: RealClaude, serve: Server):
    kill = f"kill -9 $(cut -d' ' -f1 {relayed.laptop.root}/relay/lock)"
    steps = [
        Use("Bash", {"command": "echo first", "description": "x"}),
        Use("Bash", {"command": kill, "description": "x"}),
        Use("Bash", {"command": "echo third", "description": "x"}),
        Use("Bash", {"command": "exit 3", "description": "x"}),
        Say("done"),
    ]
    killed = relay_pid(relayed.laptop)
    done = relayed.ask("go", Script(steps))
    assert (done.code, done.out.strip(), done.err) == (0, b"done", b"")

    def tools() -> list[dict[str, Any]]:
        return by_kind(arrived(relayed, serve)).get("tool", [])

    eventually(lambda: len(tools()) == 4, 20)
    assert sorted(row["status"] for row in tools()) == ["error", "success", "success", "success"]
    eventually(lambda: all("transcript" in row["seen_by"] for row in tools()), 20)
    assert len(tools()) == 4
    assert relay_pid(relayed.laptop) != killed


def test_with_codex_in_the_same_home_each_has_its_rows_and_all_files_come_back(
    relayed: RealClaude, unconnected_codex: RealCodex, serve: Server
):
    codex = unconnected_codex
    before = codex.settings.read_bytes()
    done = codex.tally("connect", "codex", "--trust", "--relay")
    assert (done.code, b"Codex trusts them" in done.out, b"takes its telemetry" in done.out) == (0, True, True), done
    command = Use(ANY_SHELL, {"command": "echo seen"})
    assert codex.ask("go", Script([command, Say("done")]), usage=USAGE).code == 0
    relayed.ask("go", Script([SHELL, Say("done")]), options=OPUS, usage=USAGE)
    eventually(lambda: len(requests(serve)) == 4, 20)
    tools = by_kind(arrived(relayed, serve))["tool"]
    assert sorted((row["runtime"], row["seen_by"]) for row in tools) == [
        ("claude-code-cli", BOTH),
        ("codex-cli", BOTH),
    ]
    assert [row[2:] for row in requests(serve)] == [("ann", "acme/widget", ["otlp"])] * 4
    relayed.tally("disconnect", "--all")
    assert codex.settings.read_bytes() == before
    assert not (relayed.laptop.home / ".claude" / "settings.json").exists()
    eventually(lambda: relay_start.claim(str(relayed.laptop.root)) is not None, 10)
