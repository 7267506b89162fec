"""`tally connect --wrap-mcp` and `--mcp`: the agents' MCP servers measured, ours among them, and all of it undone."""

import json
import stat
import sys
import tomllib
from pathlib import Path

import pytest

from tallyward.cli import mcp_wiring
from tallyward.errors import McpPartMissing, SettingsUnreadable

SECRET = "canary-key"
CLAUDES = json.dumps({
    "numStartups": 7,
    "mcpServers": {
        "probe": {"type": "stdio", "command": "npx", "args": ["-y", "probe"], "env": {"KEY": SECRET}},
        "web": {"type": "http", "url": "https://mcp.example", "headers": {"Authorization": SECRET}},
    },
    "projects": {"/x": {"history": [{"display": SECRET}], "mcpServers": {"own": {"command": "run"}}}},
})  # fmt: skip
CODEXS = f'# mine\n[mcp_servers.probe]\ncommand = "npx"\nargs = ["-y", "probe"]\nenv = {{ KEY = "{SECRET}" }}\n'


@pytest.fixture
def claudes(terminal):
    path = terminal.laptop.home / ".claude.json"
    path.write_text(CLAUDES)
    path.chmod(0o600)
    return path


@pytest.fixture
def codexs(terminal):
    path = terminal.laptop.home / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_text(CODEXS)
    return path


def test_the_servers_of_claude_are_wrapped_and_come_back_byte_for_byte(terminal, listener, connect, claudes):
    done = connect(listener.url, "--wrap-mcp", "--mcp")
    assert done.exit_code == 0, done.output
    assert "Measured from the next session on" in done.output
    assert ": own, probe." in done.output
    assert "web is spoken to over HTTP and stays as it is" in done.output
    now = json.loads(claudes.read_text())
    command = [now["mcpServers"]["probe"]["command"], *now["mcpServers"]["probe"]["args"]]
    assert command[:3] == [sys.executable, "-I", "-S"]
    assert command[4:] == ["--server-name", "probe", "--", "npx", "-y", "probe"]
    assert now["mcpServers"]["tallyward"]["args"][-1] == "mcp"
    assert now["mcpServers"]["web"] == json.loads(CLAUDES)["mcpServers"]["web"]
    assert stat.S_IMODE(claudes.stat().st_mode) == 0o600
    undone = terminal.run("disconnect", "claude")
    assert f"Our MCP entries are out of {claudes}." in undone.output
    assert claudes.read_text() == CLAUDES


def test_servers_over_http_are_proxied_if_asked_for_and_come_back_byte_for_byte(terminal, listener, connect, claudes):
    done = connect(listener.url, "--wrap-mcp-http")
    assert done.exit_code == 0, done.output
    assert "Measured from the next session on" in done.output
    web = json.loads(claudes.read_text())["mcpServers"]["web"]
    assert web["url"].startswith("http://127.0.0.1:")
    assert "https://mcp.example" in web["headersHelper"]
    assert web["headers"] == {"Authorization": SECRET}
    first = claudes.read_text()
    assert connect(listener.url, "--wrap-mcp-http", "--wrap-mcp").exit_code == 0
    assert json.loads(claudes.read_text())["mcpServers"]["web"] == web, "open sessions know its port"
    kept = terminal.laptop.root / "mcp" / "4711"
    kept.parent.mkdir()
    kept.write_text("listens 0")
    assert terminal.run("disconnect", "claude").exit_code == 0
    assert (claudes.read_text(), first != CLAUDES, kept.exists()) == (CLAUDES, True, False)


def test_where_a_proxy_is_set_servers_over_http_stay(terminal, listener, connect, claudes, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert "stay as they are" in connect(listener.url, "--wrap-mcp-http").output
    assert claudes.read_text() == CLAUDES


def test_nothing_of_the_agents_settings_is_kept_aside(terminal, listener, connect, claudes, codexs):
    connect(listener.url, "--wrap-mcp", "--mcp")
    terminal.run("connect", "codex", "--server", listener.url, "--token", "tw_x", "--wrap-mcp", "--mcp")
    assert SECRET.encode() not in terminal.laptop.everything()


def test_the_servers_of_codex_are_wrapped_and_come_back_byte_for_byte(terminal, listener, codexs):
    done = terminal.run("connect", "codex", "--server", listener.url, "--token", "tw_x", "--wrap-mcp", "--mcp")
    assert done.exit_code == 0, done.output
    now = tomllib.loads(codexs.read_text())["mcp_servers"]
    assert now["probe"]["args"][-5:] == ["probe", "--", "npx", "-y", "probe"]
    assert now["tallyward"]["args"][-1] == "mcp"
    terminal.run("disconnect", "codex")
    assert codexs.read_text() == CODEXS


def test_all_is_every_agent(terminal, listener, claudes, codexs):
    (terminal.laptop.home / ".claude").mkdir()
    done = terminal.run("connect", "--all", "--server", listener.url, "--token", "tw_x", "--wrap-mcp")
    assert done.exit_code == 0, done.output
    assert claudes.read_text() != CLAUDES
    assert codexs.read_text() != CODEXS
    terminal.run("disconnect", "--all")
    assert (claudes.read_text(), codexs.read_text()) == (CLAUDES, CODEXS)


def test_without_the_flags_nothing_is_touched(terminal, listener, connect, claudes):
    connect(listener.url)
    assert claudes.read_text() == CLAUDES
    assert "MCP" not in terminal.run("disconnect", "claude").output


def test_a_file_that_was_not_there_goes_again(terminal, listener, connect):
    path = terminal.laptop.home / ".claude.json"
    assert "could be wrapped" in connect(listener.url, "--wrap-mcp").output
    assert not path.exists()
    connect(listener.url, "--mcp")
    assert list(json.loads(path.read_text())["mcpServers"]) == ["tallyward"]
    terminal.run("disconnect", "claude")
    assert not path.exists()


def test_what_the_agent_has_written_since_stays(terminal, listener, connect, claudes):
    connect(listener.url, "--wrap-mcp", "--mcp")
    now = json.loads(claudes.read_text())
    claudes.write_text(json.dumps({**now, "numStartups": 8}, indent=2))
    terminal.run("disconnect", "claude")
    assert json.loads(claudes.read_text()) == {**json.loads(CLAUDES), "numStartups": 8} | {
        "projects": {"/x": {**json.loads(CLAUDES)["projects"]["/x"]}}
    }


def test_the_repositorys_own_servers_are_left_and_told_of(terminal, listener, connect, claudes):
    shared = Path.cwd() / ".mcp.json"
    shared.write_text(CLAUDES)
    assert f"{shared} belongs to its repository and stays as it is" in connect(listener.url, "--wrap-mcp").output
    assert shared.read_text() == CLAUDES


@pytest.mark.parametrize("broken", ["{", "[]", '{"mcpServers": {"a": {"command": "x"}},}', "\xff"])
def test_broken_settings_are_told_of_and_left(terminal, listener, connect, claudes, broken):
    claudes.write_bytes(broken.encode("latin-1"))
    with pytest.raises(SettingsUnreadable, match=r"\.claude\.json"):
        connect(listener.url, "--wrap-mcp")
    assert claudes.read_bytes() == broken.encode("latin-1")


def test_without_the_sdk_our_server_is_not_added_and_nothing_is_connected(
    terminal, listener, connect, claudes, monkeypatch
):
    monkeypatch.setattr(mcp_wiring, "find_spec", lambda _name: None)
    with pytest.raises(McpPartMissing):
        connect(listener.url, "--mcp")
    assert claudes.read_text() == CLAUDES
    assert not (terminal.laptop.root / "config.json").exists()
