"""Claude Code at work as people and models really use it: each fire is one right row, each token counts once."""

import json
import sys
from pathlib import Path

import pytest

from tallyward.testing.scripted_model import SHELL, Say, Script, Step, Together, Usage, Use
from tests.clients.accounts import assert_counted, assert_nothing_changed
from tests.clients.claude import RealClaude
from tests.clients.conftest import Exporting
from tests.clients.rows import arrived, by_kind, fires, told
from tests.clients.test_backfill import backfilled
from tests.servers import Server

pytestmark = pytest.mark.clients

OPUS = ("--model", "claude-opus-4-8")
USAGE = Usage(fresh=100, cache_write=10, cache_read=1_000, output=20)
SKILL = "---\nname: {name}\ndescription: Does {name}.\n---\n{body}\n"
TRUE, FAILING = Use(SHELL, {"command": "true"}), Use(SHELL, {"command": "exit 3"})


def delegated(agent: str) -> Use:
    return Use("Agent", {"description": "look", "prompt": "SUBTASK", "subagent_type": agent})


def assert_backfill_changes_nothing(claude: RealClaude, serve: Server) -> None:
    live = fires(serve)
    backfilled(claude, "claude")
    assert_nothing_changed(live, serve)
    again = backfilled(claude, "claude")
    assert (again["requests"]["sent"], again["fires"]["sent"]) == (0, 0)


def everything(claude: RealClaude) -> list[Step]:
    """Calls beside each other and one in another, what does not exist, what nobody allows, and what is large."""
    outer = claude.laptop.home / ".claude" / "skills" / "outer" / "SKILL.md"
    outer.parent.mkdir()
    outer.write_text(SKILL.format(name="outer", body="Use the skill probe-echo."))
    (claude.repository / "ä.txt").write_text("x\n")
    read = Use("Read", {"file_path": str(claude.repository / "ä.txt")})
    fetch = Use("WebFetch", {"url": "http://127.0.0.1:9/", "prompt": "x"})
    return [
        Together([TRUE, TRUE, FAILING], usage=Usage(fresh=10, cache_write=20, cache_read=40, output=50)),
        Together([read, Use("mcp__probe__ping", {"x": "ü€😀"})], usage=Usage(fresh=11, cache_read=41, output=51)),
        Use("Skill", {"skill": "outer"}, usage=Usage(fresh=1, cache_write=0, cache_read=0, output=3)),
        Use("Skill", {"skill": "probe-echo", "args": "nested"}),
        Together([Use("Skill", {"skill": "never-written"}), Use("mcp__probe__missing"), Use("Никакой", {"x": 1})]),
        Together([fetch, Use("Write", {"file_path": "/x", "content": "x"})]),
        Use(SHELL, {"command": "yes 'ünï' | head -c 200000"}),
        Say("done ✓"),
    ]


def test_whatever_a_model_asks_for_at_once_is_one_row_for_each_that_was_made(
    claude: RealClaude, serve: Server, exporting: Exporting
):
    exporting("http/json")
    probe = str(Path(__file__).with_name("probe_mcp.py"))
    servers = json.dumps({"mcpServers": {"probe": {"command": sys.executable, "args": [probe]}}})
    options = (*OPUS, "--mcp-config", servers)
    done = claude.ask("los 👋", Script(everything(claude)), options=options, usage=USAGE)
    assert done.out.decode().strip() == "done ✓"
    rows = arrived(claude, serve)
    assert told(rows) == [
        ("mcp", "mcp__probe__ping", "success"),
        ("session", "session", "success"),
        ("skill", "outer", "success"),
        ("skill", "probe-echo", "success"),
        ("tool", "Bash", "error"),
        *[("tool", "Bash", "success")] * 3,
        ("tool", "Read", "success"),
        ("tool", "WebFetch", "abandoned"),  # nobody was there to allow it
    ]
    assert {row["runtime"] for row in rows} == {"claude-code-cli"}
    assert_counted(claude, serve)
    assert_backfill_changes_nothing(claude, serve)
    assert_counted(claude, serve)


def test_a_session_that_is_resumed_with_other_models_and_agents_beside_each_other_is_counted_once(
    claude: RealClaude, serve: Server, exporting: Exporting
):
    exporting("http/protobuf")
    agents = Together([delegated("general-purpose"), delegated("Explore")])
    subtask = Script([TRUE, Say("seen")], when="SUBTASK")
    claude.ask("one", subtask, Script([agents, Say("done")]), options=OPUS, usage=USAGE)
    more = Script([agents, Together([TRUE, FAILING]), Say("done")], when="two")
    claude.ask("two", subtask, more, options=("--continue", "--model", "claude-sonnet-4-5"), usage=USAGE)
    steps = [agents, Together([TRUE, FAILING]), Use("Skill", {"skill": "probe-echo"}), Say("done")]
    claude.ask("/probe-echo three", Script(steps), options=("--continue", *OPUS), usage=USAGE)
    rows = arrived(claude, serve)
    assert told(rows) == [
        ("agent", "Explore", "success"),
        ("agent", "general-purpose", "success"),
        *[("session", "session", "success")] * 3,
        *[("skill", "probe-echo", "success")] * 2,  # typed, and then chosen by the model
        ("tool", "Bash", "error"),
        *[("tool", "Bash", "success")] * 3,
    ]
    assert len({row["session_id"] for row in rows}) == 1
    assert_counted(claude, serve)
    assert_backfill_changes_nothing(claude, serve)
    assert_counted(claude, serve)


def test_what_is_written_to_the_cache_for_an_hour_is_known_from_the_transcript(claude: RealClaude, serve: Server):
    hour = Usage(fresh=7, cache_write=30, cache_write_hour=500, cache_read=9, output=11)
    claude.ask("go", Script([Together([TRUE, TRUE], usage=hour), Say("done", usage=hour)]), options=OPUS)
    backfilled(claude, "claude")
    assert_counted(claude, serve)


def test_a_skill_of_a_plugin_goes_by_its_whole_name_typed_and_chosen(
    claude: RealClaude, serve: Server, exporting: Exporting
):
    exporting("http/json")
    plugin = claude.laptop.home / "demo"
    for path, text in {
        ".claude-plugin/plugin.json": json.dumps({"name": "demo", "version": "1.0.0"}),
        "skills/hello/SKILL.md": SKILL.format(name="hello", body="Say hello."),
    }.items():
        (plugin / path).parent.mkdir(parents=True)
        (plugin / path).write_text(text)
    options = (*OPUS, "--plugin-dir", str(plugin))
    claude.ask("go", Script([Use("Skill", {"skill": "demo:hello"}), Say("done")]), options=options, usage=USAGE)
    claude.ask("/demo:hello x", Script([Say("done")]), options=options, usage=USAGE)
    skills = by_kind(arrived(claude, serve))["skill"]
    assert [(row["skill_name"], row["status"]) for row in skills] == [("demo:hello", "success")] * 2
    assert_counted(claude, serve)
    assert_backfill_changes_nothing(claude, serve)


def test_a_command_that_a_person_interrupts_is_abandoned_like_its_prompt(claude: RealClaude, serve: Server):
    def is_running() -> bool:
        return any(row["skill_name"] == "Bash" for row in fires(serve))

    claude.interrupt("go", Script([Use(SHELL, {"command": "sleep 60"})]), when=is_running)
    abandoned = [("session", "session", "abandoned"), ("tool", "Bash", "abandoned")]
    assert told(arrived(claude, serve)) == abandoned
    assert_backfill_changes_nothing(claude, serve)
    assert told(fires(serve)) == abandoned


def test_a_call_that_a_rule_forbids_is_abandoned_and_never_an_error(claude: RealClaude, serve: Server):
    settings = claude.laptop.home / ".claude" / "settings.json"
    rules = {"permissions": {"deny": ["Bash(rm:*)", "Skill(probe-echo)"]}}
    settings.write_text(json.dumps(json.loads(settings.read_text()) | rules))
    steps = [Use(SHELL, {"command": "rm -r x"}), Use("Skill", {"skill": "probe-echo"}), TRUE, Say("done")]
    claude.ask("go", Script(steps), options=OPUS)
    assert told(arrived(claude, serve)) == [
        ("session", "session", "success"),
        ("skill", "probe-echo", "abandoned"),
        ("tool", "Bash", "abandoned"),
        ("tool", "Bash", "success"),
    ]
    assert_backfill_changes_nothing(claude, serve)
