"""`tally connect codex`, `--all` and their undoing."""

import json
import os
import subprocess

import pytest

from tallyward.capture.codex import EVENTS
from tallyward.cli import programs
from tallyward.errors import HooksUntrusted, ProgramMissing, SettingsUnreadable
from tests import stand_in_codex
from tests.codex_events import tool

HOOKS = b'{"description": "mine", "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "bell"}]}]}}'
CONFIG = b'# mine\nmodel = "gpt-5.5"   # and odd'


@pytest.fixture
def folder(terminal):
    (terminal.laptop.home / ".codex").mkdir()
    return terminal.laptop.home / ".codex"


@pytest.fixture
def program(terminal, monkeypatch, tmp_path):
    """A `codex` on the PATH."""
    found = stand_in_codex.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{found.parent}{os.pathsep}{os.environ['PATH']}")
    return found


@pytest.fixture
def connect(terminal, listener):
    """Runs `tally connect codex`."""

    def run(*more):
        return terminal.run("connect", "codex", "--server", listener.url, "--token", "tw_x", *more)

    return run


def test_connecting_adds_the_hooks_and_says_that_they_have_to_be_trusted(folder, connect):
    (folder / "hooks.json").write_bytes(HOOKS)
    done = connect()
    assert done.exit_code == 0
    assert "Codex is connected to" in done.output
    assert "type /hooks" in done.output
    assert "not on the PATH" in done.output
    written = json.loads((folder / "hooks.json").read_text())
    assert set(written["hooks"]) == set(EVENTS)
    assert written["description"] == "mine"
    assert "tw_x" not in json.dumps(written)
    assert not (folder / "config.toml").exists()


def test_codex_allows_its_last_hook_three_seconds(folder, connect):
    connect()
    hooks = json.loads((folder / "hooks.json").read_text())["hooks"]
    assert {hook["timeout"] for groups in hooks.values() for group in groups for hook in group["hooks"]} == {3}


def test_the_command_in_the_settings_records_a_fire(terminal, folder, connect):
    connect()
    (group,) = json.loads((folder / "hooks.json").read_text())["hooks"]["PostToolUse"]
    event = json.dumps(tool("PostToolUse")).encode()
    command = ["sh", "-c", group["hooks"][0]["command"]]
    done = subprocess.run(command, input=event, env=terminal.laptop.environ, check=True, capture_output=True)
    assert (done.stdout, done.stderr) == (b"", b"")
    assert terminal.laptop.spooled()[0]["row"]["skill_name"] == "Bash"


def test_disconnecting_gives_the_bytes_of_both_files_back(terminal, folder, connect, program):
    (folder / "hooks.json").write_bytes(HOOKS)
    (folder / "config.toml").write_bytes(CONFIG)
    assert "Codex trusts them" in connect("--trust").output
    assert (folder / "config.toml").read_bytes().startswith(CONFIG)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert "Codex trusts them" in connect("--trust").output
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert terminal.run("disconnect", "codex").exit_code == 0
    assert (folder / "hooks.json").read_bytes() == HOOKS
    assert (folder / "config.toml").read_bytes() == CONFIG
    assert "not in" in terminal.run("disconnect", "codex").output


def test_only_our_hooks_are_trusted(folder, connect, program):
    (folder / "hooks.json").write_bytes(HOOKS)
    connect("--trust")
    assert (folder / "config.toml").read_text().count("trusted_hash") == len(EVENTS)


def test_without_being_asked_nothing_is_trusted(folder, connect, program):
    done = connect()
    assert "until you have trusted them" in done.output
    assert "not on the PATH" not in done.output
    assert not (folder / "config.toml").exists()


def test_a_codex_that_cannot_be_asked_is_no_obstacle(folder, connect, program):
    program.write_text("#!/bin/sh\nexit 1\n")
    done = connect()
    assert done.exit_code == 0
    assert "is not known" in done.output
    with pytest.raises(HooksUntrusted, match="did not tell"):
        connect("--trust")


def test_codex_has_to_be_found_to_be_told_whom_to_trust(folder, connect):
    with pytest.raises(HooksUntrusted, match="not on the PATH"):
        connect("--trust")


def test_trust_that_does_not_help_is_said(folder, connect, program):
    (folder / "config.toml").write_text("[features]\nhooks = false\n")
    program.write_text(program.read_text().replace('"trusted" if', '"untrusted" if'))
    with pytest.raises(HooksUntrusted, match="does not run our hooks"):
        connect("--trust")


def test_broken_settings_change_nothing_and_are_named(terminal, folder, connect):
    (folder / "hooks.json").write_bytes(b"{,}")
    with pytest.raises(SettingsUnreadable, match=r"hooks\.json, line 1"):
        connect()
    assert not terminal.laptop.root.exists()


def test_all_connects_what_is_here_and_no_more(terminal, listener, folder):
    address = ("--server", listener.url, "--token", "tw_x")
    assert "Codex is connected" in terminal.run("connect", "--all", *address).output
    assert not (terminal.laptop.home / ".claude").exists()
    (terminal.laptop.home / ".claude").mkdir()
    both = terminal.run("connect", "--all", *address).output
    assert "Claude Code is connected" in both
    assert "Codex is connected" in both
    assert terminal.run("disconnect", "--all").exit_code == 0
    assert list(folder.iterdir()) == []
    assert list((terminal.laptop.home / ".claude").iterdir()) == []


def test_all_of_nothing_says_so(terminal):
    with pytest.raises(ProgramMissing):
        terminal.run("connect", "--all", "--token", "tw_x")


def test_without_a_word_it_tells_what_can_be_said(terminal):
    for command in ("connect", "disconnect"):
        done = terminal.run(command)
        assert done.exit_code == 0
        assert "codex" in done.output


def test_each_program_has_its_folder_and_its_variable_for_it(terminal, monkeypatch):
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", "/srv/claude")
    monkeypatch.setenv("CODEX_HOME", "/srv/codex")
    assert [str(program.home(os.environ)) for program in programs.ALL] == ["/srv/claude", "/srv/codex"]
    home = terminal.laptop.home
    assert [program.home({}) for program in programs.ALL] == [home / ".claude", home / ".codex"]
