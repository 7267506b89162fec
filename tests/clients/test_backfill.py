"""What the real agents leave on the disk says the same as what was told live, and tells what was not."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tallyward.testing.scripted_model import SHELL, Fail, Say, Script, Usage, Use
from tests.clients.claude import RealClaude
from tests.clients.codex import IN_NAMESPACES, PLAIN, PROGRAMMING, RealCodex
from tests.clients.rows import arrived, fires
from tests.clients.workplace import Workplace
from tests.servers import Server

pytestmark = pytest.mark.clients

Json = dict[str, Any]
USAGE = Usage(fresh=1_200, cache_write=300, cache_read=4_000, output=42)
TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "output_tokens")
COUNTS = ("requests", *TOKENS, "unpriced_requests")
PROBE = str(Path(__file__).with_name("probe_mcp.py"))


def backfilled(workplace: Workplace, program: str) -> Json:
    done = workplace.tally("backfill", program, "--json")
    assert done.code == 0, done.out + done.err
    return json.loads(done.out)


def usage(serve: Server) -> Json:
    """What was used in all, as the API tells it."""
    totals = serve.call("GET", "/v1/usage?by=skill", token=serve.token()).json["totals"]
    return {name: totals[name] for name in COUNTS}


def expected(requests: int) -> Json:
    counts = (1, USAGE.fresh, USAGE.cache_read, USAGE.cache_write, USAGE.output)
    return dict(zip(COUNTS, [*(requests * count for count in counts), 0], strict=True))


def by_key(rows: list[Json]) -> dict[str, Json]:
    return {row["fire_key"]: row for row in rows}


def assert_nothing_changed(live: list[Json], after: list[Json]) -> None:
    """Every fire is still the one row it was, and what was known of it is what is known; gaps may be filled."""
    assert sorted(by_key(after)) == sorted(by_key(live))
    assert len(after) == len(live)
    for key, row in by_key(live).items():
        known = {name: value for name, value in row.items() if value is not None and name != "seen_by"}
        assert {name: by_key(after)[key][name] for name in known} == known


def work(claude: RealClaude) -> None:
    """A bit of everything: tools that go well and fail, a skill chosen and typed, an agent, MCP, calls never made."""
    (claude.repository / "a.txt").write_text("canary-content\n")
    servers = {"mcpServers": {"probe": {"command": sys.executable, "args": [PROBE]}}}
    options = ("--mcp-config", json.dumps(servers))
    steps = [
        Use("Bash", {"command": "echo canary", "description": "canary"}),
        Use("Bash", {"command": "exit 3", "description": "canary"}),
        Use("Read", {"file_path": str(claude.repository / "a.txt")}),
        Use("Skill", {"skill": "probe-echo", "args": "canary"}),
        Use("mcp__probe__ping", {"x": 1}),
        Use("Agent", {"description": "look", "prompt": "SUBTASK", "subagent_type": "general-purpose"}),
        Use("NoSuchTool", {}),
        Say("done"),
    ]
    sub = Script([Use("Bash", {"command": "echo sub", "description": "canary"}), Say("seen")], when="SUBTASK")
    assert claude.ask("go", sub, Script(steps), options=options, usage=USAGE).out.strip() == b"done"
    claude.ask("/probe-echo again", Script([Say("done")]), usage=USAGE)
    claude.ask("go", Script([Fail(400)]), usage=USAGE)


def test_after_live_capture_the_transcripts_of_claude_change_nothing(claude: RealClaude, serve: Server):
    work(claude)
    live = arrived(claude, serve)
    report = backfilled(claude, "claude")
    after = fires(serve)
    assert_nothing_changed(live, after)
    assert {tuple(row["seen_by"]) for row in after} == {("hook", "transcript")}
    assert usage(serve) == expected(8 + 2 + 1)
    assert report["requests"]["stored"] == 11
    again = backfilled(claude, "claude")
    assert (again["requests"]["sent"], again["fires"]["sent"]) == (0, 0)


def test_the_transcripts_of_claude_tell_what_no_hook_told(claude: RealClaude, serve: Server):
    work(claude)
    live = by_key(arrived(claude, serve))
    alone = serve.token(tenant="alone", engineer="ann")
    claude.laptop.environ |= {"TALLY_TOKEN": alone}
    backfilled(claude, "claude")
    told = by_key(fires(serve, serve.token(tenant="alone")))
    names = ("kind", "skill_name", "status", "repo", "runtime", "session_id", "prompt_id", "engineer_id")
    assert {key: [row[name] for name in names] for key, row in told.items()} == {
        key: [row[name] for name in names] for key, row in live.items()
    }
    assert b"canary" not in claude.laptop.everything()


def test_a_fork_of_claude_is_counted_once(claude: RealClaude, serve: Server):
    claude.ask("go", Script([Use("Bash", {"command": "true", "description": "x"}), Say("done")]), usage=USAGE)
    claude.ask("more", Script([Say("done")]), options=("--continue",), usage=USAGE)
    claude.ask("else", Script([Say("done")]), options=("--continue", "--fork-session"), usage=USAGE)
    live = arrived(claude, serve)
    backfilled(claude, "claude")
    assert_nothing_changed(live, fires(serve))
    assert usage(serve) == expected(2 + 1 + 1)


def patch(name: str) -> Use:
    return Use("apply_patch", {"input": f"*** Begin Patch\n*** Add File: {name}\n+canary-content\n*** End Patch\n"})


@pytest.mark.parametrize("model", [PLAIN, PROGRAMMING, IN_NAMESPACES])
def test_after_live_capture_the_rollouts_of_codex_change_nothing(codex: RealCodex, serve: Server, model: str):
    steps = [
        Use(SHELL, {"command": "echo canary"}),
        Use(SHELL, {"command": "exit 3"}),
        Use(SHELL, {"command": f"cat {codex.skill}"}),
        patch("a.txt"),
        Use("mcp__probe__ping", {"x": 1}),
        Say("done"),
    ]
    assert codex.ask("please $probe-echo", Script(steps), model=model, usage=USAGE).out.strip() == b"done"
    live = arrived(codex, serve)
    report = backfilled(codex, "codex")
    assert_nothing_changed(live, fires(serve))
    totals = usage(serve)
    assert [totals[name] for name in TOKENS] == [6 * 1_200, 6 * 4_000, 6 * 300, 6 * 42]
    assert (totals["requests"], report["requests"]["stored"]) == (6, 6)
    again = backfilled(codex, "codex")
    assert (again["requests"]["sent"], again["fires"]["sent"]) == (0, 0)


def test_a_subagent_of_codex_has_the_same_fires_live_and_on_the_disk(codex: RealCodex, serve: Server):
    steps = [
        Use("multi_agent_v1__spawn_agent", {"message": "SUBTASK"}),
        Use(SHELL, {"command": "sleep 2"}),
        Say("done"),
    ]
    subtask = Script([Use(SHELL, {"command": "true"}), Say("seen")], when="SUBTASK")
    codex.ask("go", subtask, Script(steps), model=IN_NAMESPACES, usage=USAGE)
    live = arrived(codex, serve)
    backfilled(codex, "codex")
    assert_nothing_changed(live, fires(serve))
    assert usage(serve)["requests"] == 3 + 2
