"""Asking Codex which hooks it trusts, and writing its own entry for those that it shall."""

import json
import tomllib
from pathlib import Path

import pytest

from tallyward.client.codex_trust import CodexHook, TrustEntries, listed, recorded
from tallyward.errors import HooksUntrusted, SettingsUnreadable
from tests import stand_in_codex

HOOKS = [
    CodexHook('/home/ann/a "b"/é😀/hooks.json:stop:0:0', "ours", "sha256:aa", "untrusted", enabled=True),
    CodexHook("/home/ann/.codex/hooks.json:post_tool_use:1:0", "ours", "sha256:bb", "modified", enabled=True),
]
ODD = '# mine\n\n[ tui ]\nnotifications   =  true # yes\r\n[hooks.state."theirs"]\ntrusted_hash = "sha256:cc"'
ORIGINALS = {"odd": ODD, "empty": "", "one line": 'model = "gpt"\n'}


@pytest.fixture
def path(tmp_path) -> Path:
    (tmp_path / ".codex").mkdir()
    return tmp_path / ".codex" / "config.toml"


@pytest.fixture
def entries(path, tmp_path) -> TrustEntries:
    return TrustEntries(path, str(tmp_path / "tally"))


def trusted(path: Path) -> dict[str, str]:
    state = tomllib.loads(path.read_bytes().decode()).get("hooks", {}).get("state", {})
    return {key: entry["trusted_hash"] for key, entry in state.items()}


@pytest.mark.parametrize("original", ORIGINALS.values(), ids=ORIGINALS)
def test_taking_out_gives_the_very_same_bytes_back(path, entries, original):
    path.write_bytes(original.encode())
    entries.put_in(HOOKS)
    assert {hook.key: hook.hash for hook in HOOKS}.items() <= trusted(path).items()
    assert path.read_bytes().startswith(original.encode())
    assert entries.take_out()
    assert path.read_bytes() == original.encode()
    assert not entries.take_out()


def test_a_file_that_was_not_there_is_gone_again(path, entries):
    entries.put_in(HOOKS)
    assert len(trusted(path)) == 2
    entries.take_out()
    assert not path.exists()


def test_a_second_time_changes_nothing_and_a_new_hash_takes_the_place_of_the_old(path, entries):
    path.write_text(ODD)
    entries.put_in(HOOKS)
    before = path.stat().st_ino
    entries.put_in(HOOKS)
    assert path.stat().st_ino == before
    entries.put_in([CodexHook(HOOKS[0].key, "ours", "sha256:dd", "modified", enabled=True)])
    assert trusted(path) == {"theirs": "sha256:cc", HOOKS[0].key: "sha256:dd"}
    entries.take_out()
    assert path.read_bytes().decode() == ODD


def test_after_somebody_else_changed_the_file_only_our_entries_go(path, entries):
    path.write_text(ODD + "\n")
    entries.put_in(HOOKS)
    with path.open("a") as file:
        file.write('enabled = false\n\n[hooks.state."later"]\ntrusted_hash = "sha256:ee"\n\n[tui.more]\na = 1\n')
    entries.take_out()
    assert trusted(path) == {"theirs": "sha256:cc", "later": "sha256:ee"}
    assert (
        path.read_bytes().decode()
        == ODD + '\n\n[hooks.state."later"]\ntrusted_hash = "sha256:ee"\n\n[tui.more]\na = 1\n'
    )


def test_what_somebody_has_said_of_a_hook_is_not_overruled(path, entries):
    theirs = f'[hooks.state.{json.dumps(HOOKS[1].key)}]\ntrusted_hash = "sha256:old"\n'
    path.write_text(theirs)
    with pytest.raises(HooksUntrusted, match="says otherwise"):
        entries.put_in(HOOKS)
    assert path.read_text() == theirs


@pytest.mark.parametrize("content", [b"a = ", b"\xff"])
def test_settings_that_cannot_be_read_are_named_and_left_alone(path, entries, content):
    path.write_bytes(content)
    for act in (lambda: entries.put_in(HOOKS), entries.take_out):
        with pytest.raises(SettingsUnreadable, match=r"config\.toml"):
            act()
    assert path.read_bytes() == content


def test_what_was_trusted_at_some_time_is_known_without_asking(path, entries):
    assert recorded(path) == set()
    path.write_text("hooks = 7")
    assert recorded(path) == set()
    path.write_text('[hooks.state.a]\nenabled = false\n[hooks.state.b]\ntrusted_hash = "x"')
    assert recorded(path) == {"b"}


@pytest.mark.parametrize(
    "program",
    [
        "exit 3",
        "echo nonsense",
        """while read line; do echo '{"id": 2, "error": {}}'; done""",
        """while read line; do echo '{"id": 2, "result": {"data": [{"hooks": [{"command": 1}]}]}}'; done""",
        "exec </dev/null; echo '{}'",
    ],
)
def test_a_codex_that_does_not_tell_is_one_helpful_line(tmp_path, program):
    (tmp_path / "codex").write_text(f"#!/bin/sh\n{program}\n")
    (tmp_path / "codex").chmod(0o755)
    with pytest.raises(HooksUntrusted, match="did not tell"):
        listed(str(tmp_path / "codex"), tmp_path)
    with pytest.raises(HooksUntrusted, match="did not tell"):
        listed(str(tmp_path / "gone"), tmp_path)


def test_codex_is_asked_for_its_hooks(tmp_path, monkeypatch):
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    hook = {"type": "command", "command": "lint"}
    (tmp_path / "hooks.json").write_text(json.dumps({"hooks": {"PostToolUse": [{"hooks": [hook]}]}}))
    (found,) = listed(str(stand_in_codex.install(tmp_path / "bin")), tmp_path)
    assert (found.command, found.verdict, found.runs) == ("lint", "untrusted", False)
    assert found.key == f"{tmp_path}/hooks.json:post_tool_use:0:0"
