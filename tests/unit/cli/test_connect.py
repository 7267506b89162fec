"""`tally connect claude` and its undoing."""

import json
import os
import stat
import subprocess

import pytest

from tallyward.client import home, sender_start, spool
from tallyward.errors import NotAuthenticated, NotConnected, ScopeMissing, SettingsUnreadable
from tests.claude_events import tool
from tests.listening_server import ARG_KEY, refusal

ORIGINAL = b'{"model":"opus" }\n\n'


def settings(terminal):
    return terminal.laptop.home / ".claude" / "settings.json"


def test_connecting_learns_the_key_and_adds_the_hooks(terminal, listener, connect):
    done = connect(listener.url)
    assert done.exit_code == 0
    assert f"Claude Code is connected to {listener.url} as ann." in done.output
    config = terminal.laptop.root / "config.json"
    assert json.loads(config.read_text()) == {
        "server": listener.url,
        "token": "tw_x",
        "tenant": "default",
        "arg_key": ARG_KEY,
        "engineer_id": "ann",
    }
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert "PostToolUse" in json.loads(settings(terminal).read_text())["hooks"]
    assert "tw_x" not in settings(terminal).read_text()


def test_connecting_says_when_rows_will_go_by_another_than_the_token_shows(listener, connect, monkeypatch):
    monkeypatch.setenv("GITHUB_USER", "bob")
    assert "GITHUB_USER says 'bob', and this token shows the rows of 'ann'" in connect(listener.url).output
    monkeypatch.setenv("GITHUB_USER", "ann")
    assert "GITHUB_USER" not in connect(listener.url).output


def test_the_command_in_the_settings_records_a_fire(terminal, connect):
    connect("http://127.0.0.1:1")
    (group,) = json.loads(settings(terminal).read_text())["hooks"]["PostToolUse"]
    (hook,) = group["hooks"]
    event = json.dumps(tool("PostToolUse")).encode()
    done = subprocess.run(
        ["sh", "-c", hook["command"]], input=event, env=terminal.laptop.environ, check=True, capture_output=True
    )
    assert (done.stdout, done.stderr) == (b"", b"")
    assert terminal.laptop.spooled()[0]["row"]["skill_name"] == "Bash"


def test_connecting_twice_changes_nothing(terminal, listener, connect):
    connect(listener.url)
    before = settings(terminal).read_bytes()
    again = connect(listener.url)
    assert again.exit_code == 0
    assert "Hooks were already in" in again.output
    assert settings(terminal).read_bytes() == before


def test_disconnecting_gives_the_bytes_back(terminal, listener, connect):
    settings(terminal).parent.mkdir()
    settings(terminal).write_bytes(ORIGINAL)
    connect(listener.url)
    assert settings(terminal).read_bytes() != ORIGINAL
    assert terminal.run("disconnect", "claude").exit_code == 0
    assert settings(terminal).read_bytes() == ORIGINAL
    assert "not in" in terminal.run("disconnect", "claude").output


def test_a_project_has_its_own_settings(terminal, listener, connect):
    connect(listener.url, "--project")
    assert (terminal.laptop.home / "widget" / ".claude" / "settings.json").exists()
    assert not settings(terminal).exists()
    terminal.run("disconnect", "claude", "--project")
    assert not (terminal.laptop.home / "widget" / ".claude").exists()


def test_the_agents_own_folder_variable_is_honoured(terminal, listener, connect, monkeypatch):
    folder = terminal.laptop.home / "elsewhere"
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(folder))
    connect(listener.url)
    assert (folder / "settings.json").exists()


def test_a_server_that_is_down_is_said_and_does_not_stop_it(terminal, connect):
    done = connect("http://127.0.0.1:1")
    assert done.exit_code == 0
    assert "does not answer" in done.output
    assert settings(terminal).exists()
    assert home.read_config(str(terminal.laptop.root), {}).arg_key is None


def test_a_known_key_is_kept_while_the_server_is_down(terminal, listener, connect):
    connect(listener.url)
    listener.answers = lambda _request: refusal(503, "busy")
    connect(listener.url)
    assert home.read_config(str(terminal.laptop.root), {}).arg_key == ARG_KEY


@pytest.mark.parametrize(("status", "error"), [(401, NotAuthenticated), (403, ScopeMissing)])
def test_a_token_that_is_refused_changes_nothing(terminal, listener, connect, status, error):
    listener.answers = lambda _request: refusal(status, "x", "refused")
    with pytest.raises(error):
        connect(listener.url)
    assert not settings(terminal).exists()
    assert not terminal.laptop.root.exists()


def test_broken_settings_change_nothing_and_are_named(terminal, listener, connect):
    settings(terminal).parent.mkdir()
    settings(terminal).write_bytes(b'{"model": "opus",\n}')
    with pytest.raises(SettingsUnreadable, match=r"settings\.json, line 2"):
        connect(listener.url)
    assert settings(terminal).read_bytes() == b'{"model": "opus",\n}'
    assert not terminal.laptop.root.exists()


def test_without_a_token_it_says_where_to_get_one(terminal):
    with pytest.raises(NotConnected, match="tally token create"):
        terminal.run("connect", "claude")


def test_server_and_token_may_come_from_the_environment(terminal, listener, monkeypatch):
    monkeypatch.setenv("TALLY_SERVER", listener.url)
    monkeypatch.setenv("TALLY_TOKEN", "tw_env")
    assert terminal.run("connect", "claude").exit_code == 0
    assert home.read_config(str(terminal.laptop.root), {}).token == "tw_env"


def test_a_new_token_is_tried_at_once(terminal, listener, connect):
    root = str(terminal.laptop.root)
    spool.append(root, b"{}\n")
    moment = (terminal.laptop.root / "spool").stat().st_mtime + 200
    (terminal.laptop.root / "spool" / "backoff").write_text("5")
    os.utime(terminal.laptop.root / "spool" / "backoff", (moment, moment))
    assert sender_start.backoff_seconds(root) > 0
    connect(listener.url)
    assert sender_start.backoff_seconds(root) == 0
