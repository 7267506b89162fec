"""The real Claude Code with hooks and its own exporter on: a fire is one row that both saw, a request has one cost."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tallyward.testing.scripted_model import Say, Script, Usage, Use
from tests.clients.claude import RealClaude
from tests.clients.conftest import Exporting
from tests.clients.rows import arrived, by_kind, everything_stored
from tests.clients.test_claude import ANSWER, COMMAND, OUTPUT, PROMPT, SHELL
from tests.clients.wire import Wire
from tests.servers import Server

pytestmark = pytest.mark.clients

USAGE = Usage(fresh=1_200, cache_write=300, cache_read=4_000, output=42)
MICROS = 10_925  # of one such request on claude-opus-4-8, at 5, 6.25, 0.5 and 25 dollars a million
BOTH = ["hook", "otlp"]
CONTENT = ("OTEL_LOG_USER_PROMPTS", "OTEL_LOG_ASSISTANT_RESPONSES", "OTEL_LOG_TOOL_DETAILS", "OTEL_LOG_TOOL_CONTENT")


def requests(serve: Server) -> list[tuple[Any, ...]]:
    return serve.rows("SELECT cost_micros, reported_cost_micros, engineer_id, seen_by FROM metered_requests")


@pytest.mark.parametrize("protocol", ["http/json", "http/protobuf"])
def test_a_tool_is_one_row_that_both_saw_and_a_request_costs_what_the_client_says(
    claude: RealClaude, serve: Server, exporting: Exporting, protocol: str
):
    exporting(protocol)
    done = claude.ask(PROMPT, Script([SHELL, Say(ANSWER)]), options=("--model", "claude-opus-4-8"), usage=USAGE)
    assert (done.code, done.out.strip(), done.err) == (0, ANSWER.encode(), b"")
    rows = by_kind(arrived(claude, serve))
    (tool,), (prompt,) = rows["tool"], rows["session"]
    for row in (tool, prompt):
        assert (row["engineer_id"], row["runtime"], row["status"]) == ("ann", "claude-code-cli", "success")
        assert (row["repo"], row["seen_by"]) == ("acme/widget", BOTH)
    assert tool["request_bytes"] > len(COMMAND)
    assert tool["response_bytes"] == len(OUTPUT)
    assert requests(serve) == [(MICROS, MICROS, "ann", ["otlp"])] * 2


def test_every_way_of_working_is_one_row_by_the_name_that_the_hook_knows(
    claude: RealClaude, serve: Server, exporting: Exporting
):
    exporting("http/protobuf")
    probe = str(Path(__file__).with_name("probe_mcp.py"))
    servers = {"mcpServers": {"probe": {"command": sys.executable, "args": [probe]}}}
    delegate = Use("Agent", {"description": "look", "prompt": "SUBTASK", "subagent_type": "general-purpose"})
    failing = Use("Bash", {"command": "exit 3", "description": "fails"})
    steps = [Use("Skill", {"skill": "probe-echo"}), Use("mcp__probe__ping", {"x": 1}), delegate, failing, Say("done")]
    options = ("--mcp-config", json.dumps(servers))
    claude.ask("go", Script([Say("seen")], when="SUBTASK"), Script(steps), options=options)
    claude.ask("/probe-echo again", Script([Say("done")]))
    rows = arrived(claude, serve)
    assert sorted((row["kind"], row["skill_name"], row["status"]) for row in rows) == [
        ("agent", "general-purpose", "success"),
        ("mcp", "mcp__probe__ping", "success"),
        ("session", "session", "success"),
        ("session", "session", "success"),
        ("skill", "probe-echo", "success"),
        ("skill", "probe-echo", "success"),
        ("tool", "Bash", "error"),
    ]
    assert [row["skill_name"] for row in rows if row["seen_by"] != BOTH] == []


def test_what_the_client_lets_slip_when_told_to_is_not_kept(
    claude: RealClaude, serve: Server, wire: Wire, exporting: Exporting
):
    exporting("http/json", **dict.fromkeys(CONTENT, "1"))
    skill = Use("Skill", {"skill": "probe-echo", "args": "canary-arguments"})
    claude.ask(f"/probe-echo {PROMPT}", Script([SHELL, skill, Say(ANSWER)]))
    assert {"tool", "skill", "session"} == set(by_kind(arrived(claude, serve)))
    assert COMMAND.encode() in wire.kept, "the client did not let anything slip, so nothing was tested"
    for place, kept in {"the database": everything_stored(serve), "the log": serve.log}.items():
        for secret in (COMMAND, OUTPUT, PROMPT, ANSWER, "canary", str(claude.laptop.home)):
            assert secret not in kept, f"{secret!r} is in {place}"
