"""What a managed machine's settings need, and what changes where they are."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tallyward.capture import claude_code, codex
from tallyward.cli import managed
from tests import diagnosis
from tests.claude_events import tool

PLUGIN = Path(__file__).parents[3] / "deploy" / "claude-plugin"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose managed settings are in a folder of the test's."""
    monkeypatch.setattr(managed, "CLAUDE_FOLDERS", (tmp_path / "claude-code",))
    monkeypatch.setattr(managed, "CODEX_FILES", (tmp_path / "codex" / "requirements.toml",))
    (tmp_path / "claude-code" / "managed-settings.d").mkdir(parents=True)
    (tmp_path / "codex").mkdir()
    return tmp_path


def test_claudes_are_settings_with_every_hook(terminal):
    said = json.loads(terminal.run("connect", "claude", "--managed", "--server", "https://tally.acme.dev").output)
    assert set(said["hooks"]) == set(claude_code.EVENTS)
    assert said["env"] == {"TALLY_SERVER": "https://tally.acme.dev"}
    assert "env" not in json.loads(terminal.run("connect", "claude", "--managed").output)


def test_codexs_are_requirements_with_every_hook(terminal):
    said = tomllib.loads(terminal.run("connect", "codex", "--managed").output)
    assert set(said["hooks"]) == set(codex.EVENTS)
    (group,) = said["hooks"]["Stop"]
    assert group["hooks"][0] | {"command": ""} == {"type": "command", "command": "", "timeout": 3}


def test_both_are_printed_with_where_they_belong_and_nothing_is_changed(terminal):
    done = terminal.run("connect", "--managed")
    assert done.exit_code == 0
    for told in (
        "allowManagedHooksOnly",
        "allow_managed_hooks_only",
        "/etc/codex/requirements.toml",
        "managed-settings.d",
    ):
        assert told in done.output
    assert list(terminal.laptop.home.iterdir()) == [terminal.laptop.home / "widget"]


def test_the_managed_command_records_a_fire(terminal):
    said = json.loads(terminal.run("connect", "claude", "--managed").output)
    command = ["sh", "-c", said["hooks"]["PostToolUse"][0]["hooks"][0]["command"]]
    event = json.dumps(tool("PostToolUse")).encode()
    subprocess.run(command, input=event, env=terminal.laptop.environ, check=True)
    assert terminal.laptop.spooled()[0]["row"]["skill_name"] == "Bash"


def doctor(terminal) -> dict[str, dict[str, str]]:
    return diagnosis.read(terminal.run("doctor", "--json").output)


def test_where_hooks_are_managed_connecting_only_gives_the_token(terminal, listener, machine, connect):
    connect(listener.url)
    place = machine / "claude-code" / "managed-settings.d" / "50-tallyward.json"
    place.write_text('\ufeff{"allowManagedHooksOnly": true, ' + managed.claude()[1:])
    done = connect(listener.url)
    assert f"Its hooks come from {place}" in done.output
    assert not (terminal.laptop.home / ".claude").exists()
    checks = doctor(terminal)
    assert (checks["hooks"]["status"], str(place) in checks["hooks"]["message"]) == ("pass", True)
    assert checks["policy"]["status"] == "pass"
    status = json.loads(terminal.run("status", "--json").output)["clients"]
    assert (status["claude"]["managed"], status["codex"]["managed"]) == (str(place), None)
    assert str(place) in terminal.run("status").output


def test_hooks_that_are_managed_and_in_the_users_settings_are_told_twice(terminal, listener, machine, connect):
    connect(listener.url)
    (machine / "claude-code" / "managed-settings.json").write_text(managed.claude())
    check = doctor(terminal)["duplicates"]
    assert (check["status"], check["remedy"]) == ("fail", "Run `tally disconnect claude`.")


def test_codexs_managed_hooks_need_nobodys_trust(terminal, listener, machine):
    place = machine / "codex" / "requirements.toml"
    place.write_text("allow_managed_hooks_only = true\n\n" + managed.codex())
    done = terminal.run("connect", "codex", "--server", listener.url, "--token", "tw_x")
    assert f"Its hooks come from {place}" in done.output
    checks = doctor(terminal)
    assert (checks["codex hooks"]["status"], checks["codex policy"]["status"]) == ("pass", "pass")
    assert "codex trust" not in checks


def test_where_the_plugin_is_on_the_settings_need_no_hooks(terminal, listener, connect):
    folder = terminal.laptop.home / ".claude"
    folder.mkdir()
    enabled = '{"enabledPlugins": {"tallyward@acme": true, "other@acme": true}}'
    (folder / "settings.json").write_text(enabled)
    assert "which turns our plugin on" in connect(listener.url).output
    assert (folder / "settings.json").read_text() == enabled
    checks = doctor(terminal)
    assert (checks["hooks"]["status"], checks["programs"]["status"]) == ("pass", "pass")
    (terminal.laptop.root / "hooks" / "claude_code").unlink()
    assert doctor(terminal)["programs"]["status"] == "fail"


def test_hooks_of_the_plugin_and_of_the_settings_are_told_twice(terminal, listener, connect):
    connect(listener.url)
    path = terminal.laptop.home / ".claude" / "settings.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "enabledPlugins": {"tallyward@acme": True}}))
    check = doctor(terminal)["duplicates"]
    assert (check["status"], "told twice and kept once" in check["message"]) == ("fail", True)


@pytest.mark.parametrize("plugins", [{"tallyward@acme": False}, {"tallywards@acme": True}, ["tallyward@acme"], None])
def test_another_plugin_or_one_that_is_off_is_none(terminal, listener, connect, plugins):
    (terminal.laptop.home / ".claude").mkdir()
    path = terminal.laptop.home / ".claude" / "settings.json"
    path.write_text(json.dumps({"enabledPlugins": plugins}))
    connect(listener.url)
    assert "hooks" in json.loads(path.read_text())


def test_what_the_plugin_starts_records_a_fire(terminal, listener, connect):
    (group,) = json.loads((PLUGIN / "hooks" / "hooks.json").read_text())["hooks"]["PostToolUse"]
    command = ["sh", "-c", group["hooks"][0]["command"]]
    event = json.dumps(tool("PostToolUse")).encode()
    subprocess.run(command, input=event, env=terminal.laptop.environ, check=True)
    assert not terminal.laptop.root.exists(), "nobody has connected this machine"
    connect(listener.url)
    subprocess.run(command, input=event, env=terminal.laptop.environ, check=True)
    assert terminal.laptop.spooled()[0]["row"]["skill_name"] == "Bash"


@pytest.mark.parametrize(
    ("file", "content", "check"),
    [
        ("claude-code/managed-settings.json", '{"allowManagedHooksOnly": true}', "policy"),
        ("claude-code/managed-settings.d/a.json", '{"disableAllHooks": true}', "policy"),
        ("codex/requirements.toml", "allow_managed_hooks_only = true", "codex policy"),
        ("codex/requirements.toml", "[features]\nhooks = false", "codex policy"),
    ],
)
def test_a_machine_that_allows_no_hooks_of_users_is_named(terminal, machine, file, content, check):
    (terminal.laptop.home / ".codex").mkdir()
    (machine / file).write_text(content)
    found = doctor(terminal)[check]
    assert (found["status"], str(machine / file) in found["message"]) == ("fail", True)


@pytest.mark.parametrize("content", ["{", "[]", "7"])
def test_managed_settings_that_cannot_be_read_hold_nothing(machine, terminal, content):
    (machine / "claude-code" / "managed-settings.json").write_text(content)
    assert managed.holding(managed.CLAUDE) is None


def start_of_the_plugin(terminal, **environ):
    surroundings = {**terminal.laptop.environ, "PATH": "/usr/bin:/bin", **environ}
    command = ["sh", str(PLUGIN / "mcp" / "start.sh")]
    return subprocess.run(command, env=surroundings, capture_output=True, stdin=subprocess.DEVNULL, check=False)


def test_the_plugins_mcp_server_says_in_one_line_what_is_missing(terminal, listener, connect, tmp_path):
    done = start_of_the_plugin(terminal)
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (127, b"", 1)
    assert b"Run `pip install 'tallyward[mcp]'`, then `tally connect claude`." in done.stderr
    connect(listener.url)
    left = terminal.laptop.root / "hooks" / "mcp"
    left.write_text(left.read_text().replace(sys.executable, str(tmp_path / "gone")))
    assert start_of_the_plugin(terminal).stderr == done.stderr, "an installation that has gone is none"
    elsewhere = tmp_path / "tally"
    elsewhere.write_text("#!/bin/sh\necho $0 $@\n")
    elsewhere.chmod(0o755)
    assert start_of_the_plugin(terminal, PATH=f"{tmp_path}:/bin").stdout.endswith(b"tally mcp\n")


def test_the_plugin_starts_the_mcp_server_of_the_installation_that_was_connected(terminal, listener, connect):
    connect(listener.url)
    done = start_of_the_plugin(terminal)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), "its client has closed already"
