"""Our own MCP server: few tools, structured answers, and errors that say what to do next."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tallyward.mcp import server
from tests.laptop import Laptop
from tests.listening_server import ListeningServer, Reply
from tests.waiting import eventually

TALLY = str(Path(sys.executable).with_name("tally"))
ROW = {
    "engineer_id": "ann", "fires_30d": 12, "successful": 9, "unique_skills": 2, "top_skill": "ship",
    "utilization": "good", "tool_calls": 40, "sessions": 5, "all_rows": 60, "daily": [0, 12],
}  # fmt: skip
SKILL = {
    "skill_name": "ship", "kind": "skill", "fires": 12, "successful": 9, "errors": 2, "abandoned": 1,
    "p50_latency_ms": 1200.5,
}  # fmt: skip
NOTHING = {"fires_30d": 0, "successful": 0, "tool_calls": 0, "sessions": 0}


@pytest.fixture
def there(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> Laptop:
    """This process is on the laptop, in a repository, without a server."""
    for name in list(os.environ):
        if name.startswith(("TALLY_", "CLAUDE_", "GITHUB_", "GIT_", "XDG_")):
            monkeypatch.delenv(name)
    for name, value in laptop.environ.items():
        monkeypatch.setenv(name, value)
    repository = laptop.home / "widget"
    (repository / ".git").mkdir(parents=True)
    (repository / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (repository / "a.txt").write_text("canary")
    monkeypatch.chdir(repository)
    return laptop


@pytest.fixture
def connected(there: Laptop, listener: ListeningServer) -> ListeningServer:
    there.connect(listener.url)
    return listener


async def ask(tool: str, **arguments: Any) -> Any:
    """What a tool answers: its structure, or its error as text."""
    async with Client(server.build()) as client:
        result = await client.call_tool(tool, arguments)
        return result.content[0].text if result.is_error else result.structured_content


async def test_the_tools_say_what_they_are_and_what_they_answer():
    async with Client(server.build()) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"record_context_fetch", "my_utilization", "team_rates", "doctor"}
    assert all(tool.description and tool.output_schema for tool in tools.values())
    assert {name for name, tool in tools.items() if tool.annotations.read_only_hint} == set(tools) - {
        "record_context_fetch"
    }


@pytest.mark.parametrize("path", ["a.txt", "./a.txt", "{top}/a.txt"])
async def test_a_file_of_the_repository_is_recorded_by_its_path_alone(there, path):
    given = path.format(top=Path.cwd())
    assert await ask("record_context_fetch", file_path=given, agent_name="reader") == {
        "file_path": "a.txt",
        "repo": "widget",
    }
    (record,) = there.spooled()
    assert record["to"] == "context-fetches"
    row = record["row"]
    assert (row["file_path"], row["agent_name"], row["repo"]) == ("a.txt", "reader", "widget")
    assert row["fetch_key"]
    assert b"canary" not in there.everything()


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/passwd", "a\0b"])
async def test_a_file_of_elsewhere_is_not_recorded_and_the_model_is_told_why(there, path):
    said = await ask("record_context_fetch", file_path=path)
    assert "Not recorded: the file does not lie in" in said
    assert there.spooled() == []


async def test_what_was_recorded_is_delivered(connected):
    await ask("record_context_fetch", file_path="a.txt")
    (row,) = eventually(lambda: list(connected.rows.values()), 20)
    assert row["file_path"] == "a.txt"


async def test_a_disk_that_refuses_is_told(there):
    there.root.write_text("a file where the folder should be")
    assert "Run `tally doctor`" in await ask("record_context_fetch", file_path="a.txt")


async def test_ones_own_figures_come_as_structure(connected):
    connected.answers = lambda _request: Reply(200, {"engineer_id": "ann", "row": ROW, "skills": [SKILL]})
    assert await ask("my_utilization", days=7) == {
        "engineer_id": "ann", "days": 7, "utilization": "good", "fires": 12, "successful": 9, "tool_calls": 40,
        "sessions": 5,
        "skills": [{
            "name": "ship", "kind": "skill", "fires": 12, "successful": 9, "errors": 2, "abandoned": 1,
            "p50_latency_ms": 1200.5,
        }],
    }  # fmt: skip
    assert connected.requests[0].path == "/v1/me?days=7"


async def test_somebody_without_fires_has_no_grade(connected):
    connected.answers = lambda _request: Reply(200, {"engineer_id": "ann", "row": None, "skills": []})
    found = await ask("my_utilization")
    assert (found["utilization"], found["fires"], found["skills"]) == (None, 0, [])


async def test_the_teams_rates_have_no_rate_of_nothing(connected):
    team = {"tenant": "default", "engineers": [ROW, {**ROW, **NOTHING, "engineer_id": "bob"}], "team": NOTHING}
    connected.answers = lambda _request: Reply(200, team)
    found = await ask("team_rates", days=30)
    assert [(row["engineer_id"], row["success_rate"]) for row in found["engineers"]] == [("ann", 0.75), ("bob", None)]
    assert (found["tenant"], found["team"]["success_rate"]) == ("default", None)


@pytest.mark.parametrize("days", [0, 367, "many"])
async def test_days_that_are_none_are_refused(connected, days):
    assert "days" in await ask("team_rates", days=days)
    assert connected.requests == []


async def test_without_a_server_the_model_is_told_how_to_connect(there):
    for tool in ("my_utilization", "team_rates"):
        assert "Run `tally connect claude" in await ask(tool)


async def test_the_doctor_says_what_the_terminals_says(there):
    found = await ask("doctor")
    assert found["ok"] is False
    assert {check["check"] for check in found["checks"]} >= {"hooks", "server", "spool"}
    failed = [check for check in found["checks"] if check["status"] == "fail"]
    assert failed
    assert all(check["remedy"] for check in failed)


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_the_command_serves_every_revision_on_standard_input_and_output(laptop, mode):
    parameters = StdioServerParameters(command=TALLY, args=["mcp"], env=laptop.environ)
    async with Client(stdio_client(parameters), mode=mode) as client:
        result = await client.call_tool("team_rates")
        assert result.is_error
        assert "tally connect" in result.content[0].text


def test_without_the_sdk_the_command_says_what_to_install(laptop):
    program = (
        "import sys, importlib.util as util\nfind = util.find_spec\n"
        "util.find_spec = lambda name, *more: None if name == 'mcp' else find(name, *more)\n"
        "from tallyward.cli.main import main\nsys.argv = ['tally', 'mcp']\nmain()"
    )
    done = laptop.run([sys.executable, "-c", program])
    assert (done.code, done.out) == (2, b"")
    assert done.err.count(b"\n") == 1
    assert b"pip install 'tallyward[mcp]'" in done.err
