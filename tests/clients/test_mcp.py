"""A wrapped MCP server in the real Claude Code: hook and relay see the same call, and the ledger holds it once."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tallyward.testing.scripted_model import Say, Script, Use
from tests.clients.claude import RealClaude
from tests.clients.codex import IN_NAMESPACES, PROGRAMMING, RealCodex
from tests.clients.rows import everything_stored
from tests.clients.workplace import Workplace
from tests.mcp.upstream import proxying
from tests.servers import Server
from tests.waiting import eventually
from tests.wrapped_server import wrap_command

pytestmark = pytest.mark.clients

PROBE = Path(__file__).with_name("probe_mcp.py")
SDK_SERVER = Path(__file__).parents[1] / "mcp" / "sdk_server.py"


def mcp_rows(workplace: Workplace, serve: Server) -> list[dict[str, Any]]:
    """The rows of MCP calls, after whatever still waited was delivered."""
    assert workplace.tally("flush").code == 0
    rows = serve.call("GET", "/v1/fires?limit=200", token=serve.token()).json["fires"]
    return [row for row in rows if row["kind"] == "mcp"]


def seen_by_both(workplace: Workplace, serve: Server) -> list[dict[str, Any]]:
    """The same, once one of them was seen by hook and relay."""

    def found() -> list[dict[str, Any]]:
        rows = mcp_rows(workplace, serve)
        return rows if any(row["seen_by"] == ["hook", "relay"] for row in rows) else []

    return eventually(found, 10)


def ask(claude: RealClaude, tool: str, name: str = "probe") -> None:
    command, *arguments = wrap_command(name, sys.executable, str(PROBE))
    servers = {"mcpServers": {name: {"command": command, "args": arguments}}}
    done = claude.ask("go", Script([Use(tool, {"x": 1}), Say("done")]), options=("--mcp-config", json.dumps(servers)))
    assert done.out.strip() == b"done", done.err


def test_one_call_is_one_row_that_both_have_seen(claude: RealClaude, serve: Server):
    ask(claude, "mcp__probe__ping")
    (row,) = seen_by_both(claude, serve)
    assert (row["skill_name"], row["status"], row["seen_by"]) == ("mcp__probe__ping", "success", ["hook", "relay"])
    assert row["fire_key"].startswith("toolu_")
    assert row["request_bytes"] > len('{"x": 1}')
    assert row["response_bytes"] > len("pong")
    assert (row["repo"], row["branch"], row["runtime"]) == ("acme/widget", "trunk", "claude-code-cli")


def test_without_hooks_the_relay_alone_tells_the_same(claude: RealClaude, serve: Server):
    claude.tally("disconnect", "claude")
    ask(claude, "mcp__probe__ping")
    (row,) = eventually(lambda: mcp_rows(claude, serve), 10)
    assert (row["skill_name"], row["status"], row["seen_by"]) == ("mcp__probe__ping", "success", ["relay"])
    assert (row["repo"], row["branch"], row["runtime"]) == ("acme/widget", "trunk", "claude-code-cli")
    assert (row["engineer_id"], row["session_id"] is None, row["latency_ms"] is None) == ("ann", False, False)


def wrap(codex: RealCodex) -> None:
    """Give Codex the wrapper in place of the server that it knows."""
    settings = codex.settings.read_text()
    command, *arguments = wrap_command("probe", sys.executable, str(PROBE))
    wrapped = settings.replace(f'args = ["{PROBE}"]', f"args = {json.dumps(arguments)}")
    codex.settings.write_text(wrapped.replace(f'command = "{sys.executable}"', f"command = {json.dumps(command)}"))


@pytest.mark.parametrize("model", [IN_NAMESPACES, PROGRAMMING])
def test_one_call_of_codex_is_one_row_that_both_have_seen(codex: RealCodex, serve: Server, model: str):
    wrap(codex)
    done = codex.ask("go", Script([Use("mcp__probe__ping", {"x": 1}), Say("done")]), model=model)
    assert done.out.strip() == b"done", done.err
    (row,) = seen_by_both(codex, serve)
    assert (row["skill_name"], row["status"], row["seen_by"]) == ("mcp__probe__ping", "success", ["hook", "relay"])
    assert (row["repo"], row["branch"], row["runtime"]) == ("acme/widget", "trunk", "codex-cli")
    assert (row["model"], row["session_id"] is None, row["latency_ms"] is None) == (model, False, False)


def test_connect_wraps_what_claude_knows_and_adds_our_own_server(claude: RealClaude, serve: Server):
    settings = claude.laptop.home / ".claude.json"
    probe = {"type": "stdio", "command": sys.executable, "args": [str(PROBE)], "env": {}}
    settings.write_text(json.dumps({"mcpServers": {"probe": probe}}))
    assert claude.tally("connect", "claude", "--wrap-mcp", "--mcp").code == 0
    (claude.repository / "notes.md").write_text("canary-content")
    fetch = Use("mcp__tallyward__record_context_fetch", {"file_path": "notes.md", "agent_name": "reader"})
    script = Script([Use("mcp__probe__ping", {"x": 1}), fetch, Say("done")])
    done = claude.ask("go", script, options=("--allowedTools", "mcp__probe__ping", fetch.tool))
    assert done.out.strip() == b"done", done.err
    eventually(lambda: len(mcp_rows(claude, serve)) > 1, 10)
    rows = {row["skill_name"]: row for row in seen_by_both(claude, serve)}
    assert {name: row["status"] for name, row in rows.items()} == {"mcp__probe__ping": "success", fetch.tool: "success"}
    assert rows["mcp__probe__ping"]["seen_by"] == ["hook", "relay"]
    kept = everything_stored(serve)
    assert "notes.md" in kept
    assert "canary" not in kept
    claude.tally("disconnect", "claude")
    assert json.loads(settings.read_text())["mcpServers"] == {"probe": probe}


def test_connect_wraps_what_codex_knows(codex: RealCodex, serve: Server):
    before = codex.settings.read_bytes()
    assert codex.tally("connect", "codex", "--wrap-mcp", "--mcp").code == 0
    steps = [Use("mcp__probe__ping", {"x": 1}), Say("done")]
    assert codex.ask("go", Script(steps), model=PROGRAMMING).out.strip() == b"done"
    assert [row["skill_name"] for row in seen_by_both(codex, serve)] == ["mcp__probe__ping"]
    assert b"tallyward" in codex.settings.read_bytes()
    codex.tally("disconnect", "codex")
    assert codex.settings.read_bytes() == before.partition(b"[hooks.state")[0]


@pytest.fixture
def address(claude: RealClaude) -> Iterator[str]:
    """Where a proxy before an HTTP server of the official SDK listens."""
    with subprocess.Popen([sys.executable, str(SDK_SERVER), "http"], stdout=subprocess.PIPE) as server:
        try:
            with proxying(claude.laptop, f"http://127.0.0.1:{int(server.stdout.readline())}/mcp") as url:
                yield url
        finally:
            server.kill()


def test_one_call_over_http_is_one_row_that_both_have_seen(claude: RealClaude, serve: Server, address: str):
    servers = {"mcpServers": {"probe": {"type": "http", "url": address, "headers": {"X-Key": "canary-key"}}}}
    options = ("--mcp-config", json.dumps(servers), "--allowedTools", "mcp__probe__echo")
    done = claude.ask("go", Script([Use("mcp__probe__echo", {"text": "canary"}), Say("done")]), options=options)
    assert done.out.strip() == b"done", done.err
    (row,) = seen_by_both(claude, serve)
    assert (row["skill_name"], row["status"]) == ("mcp__probe__echo", "success")
    assert "canary" not in everything_stored(serve)
    assert b"canary" not in claude.laptop.everything()


@pytest.fixture
def keyed(claude: RealClaude) -> Iterator[str]:
    """Claude Code knows a server over HTTP that takes a key; the settings' text before anything was changed."""
    with subprocess.Popen([sys.executable, str(SDK_SERVER), "http"], stdout=subprocess.PIPE) as server:
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/mcp"
        probe = {"type": "http", "url": url, "headers": {"X-Key": "canary-key"}}
        before = json.dumps({"mcpServers": {"probe": probe}}, indent=2)
        (claude.laptop.home / ".claude.json").write_text(before)
        yield before
        server.kill()


def test_the_proxy_is_there_before_claude_connects_and_goes_with_disconnect(
    claude: RealClaude, serve: Server, keyed: str
):
    """Claude Code connects while the hooks of the start still run, so a hook would be too late for this."""
    settings = claude.laptop.home / ".claude.json"
    assert claude.tally("connect", "claude", "--wrap-mcp-http").code == 0
    url = json.loads(settings.read_text())["mcpServers"]["probe"]["url"]
    script = Script([Use("mcp__probe__echo", {"text": "canary"}), Say("done")])
    done = claude.ask("go", script, options=("--allowedTools", "mcp__probe__echo"))
    assert done.out.strip() == b"done", done.err
    (row,) = seen_by_both(claude, serve)
    assert (row["skill_name"], row["status"]) == ("mcp__probe__echo", "success")
    assert "canary" not in everything_stored(serve)
    assert b"canary" not in claude.laptop.everything()
    claude.tally("disconnect", "claude")
    assert json.loads(settings.read_text())["mcpServers"] == json.loads(keyed)["mcpServers"]
    port = int(url.split(":")[2].partition("/")[0])
    eventually(lambda: not listens(port), 10)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
