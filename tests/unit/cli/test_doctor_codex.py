"""What the doctor finds of Codex, and when it says nothing of it."""

import json
import os

import pytest

from tests import diagnosis, stand_in_codex


@pytest.fixture
def codex(terminal, listener, monkeypatch, tmp_path):
    """Codex, with its hooks in place; its folder."""
    program = stand_in_codex.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    terminal.run("connect", "codex", "--server", listener.url, "--token", "tw_x")
    return terminal.laptop.home / ".codex"


def checks(terminal):
    return diagnosis.read(terminal.run("doctor", "--json").output)


def test_a_machine_without_codex_hears_nothing_of_it(terminal):
    assert not [name for name in checks(terminal) if name.startswith("codex")]


def test_a_program_that_is_here_beside_a_connected_one_is_only_mentioned(terminal, codex):
    found = checks(terminal)
    assert "hooks" not in found, "Claude Code is not here"
    (terminal.laptop.home / ".claude").mkdir()
    assert checks(terminal)["hooks"]["status"] == "warn"
    terminal.run("disconnect", "codex")
    assert checks(terminal)["hooks"]["status"] == "fail"


def test_hooks_that_nobody_has_trusted_do_not_run(terminal, codex):
    check = checks(terminal)["codex trust"]
    assert (check["status"], check["message"]) == ("fail", "Codex skips 9 of 9: untrusted.")
    assert "/hooks" in check["remedy"]
    assert "not trusted yet" in terminal.run("status").output
    terminal.run("connect", "codex", "--trust")
    found = checks(terminal)
    connected = ("hooks", "duplicates", "programs", "policy", "trust", "restart")
    assert {found[f"codex {name}"]["status"] for name in connected} == {"pass"}
    assert "not trusted yet" not in terminal.run("status").output


def test_a_hook_that_was_turned_off_or_changed_is_named(terminal, codex):
    terminal.run("connect", "codex", "--trust")
    config = codex / "config.toml"
    config.write_text(config.read_text() + "enabled = false\n")
    assert checks(terminal)["codex trust"]["message"] == "Codex skips 1 of 9: turned off."
    hooks = json.loads((codex / "hooks.json").read_text())
    hooks["hooks"]["Stop"][0]["hooks"][0]["timeout"] = 1
    (codex / "hooks.json").write_text(json.dumps(hooks))
    assert "modified" in checks(terminal)["codex trust"]["message"]


def test_a_codex_that_cannot_be_asked_leaves_it_open(terminal, codex, monkeypatch, tmp_path):
    (tmp_path / "bin" / "codex").write_text("#!/bin/sh\nexit 1\n")
    assert checks(terminal)["codex trust"]["status"] == "warn"
    (tmp_path / "bin" / "codex").unlink()
    check = checks(terminal)["codex trust"]
    assert (check["status"], "not on the PATH" in check["message"]) == ("warn", True)


def test_hooks_of_another_installation(terminal, codex):
    path = codex / "hooks.json"
    path.write_text(path.read_text().replace("-I -S ", "-I -S /gone"))
    found = checks(terminal)
    assert (found["codex hooks"]["status"], found["codex programs"]["status"]) == ("warn", "fail")


@pytest.mark.parametrize("switch", ["hooks", "codex_hooks"])
def test_the_feature_turned_off_in_the_users_own_settings(terminal, codex, switch):
    (codex / "config.toml").write_text(f"[features]\n{switch} = false\n")
    assert checks(terminal)["codex policy"]["status"] == "fail"
