"""Our hooks in somebody's settings file: in beside what is there, out without a trace."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from tallyward.capture.claude_code import EVENTS
from tallyward.client.hook_settings import HookSettings, Wiring
from tallyward.errors import SettingsUnreadable

WIRING = Wiring("claude", Path("/opt/tallyward/hooks/claude_code.py"), EVENTS, timeout_seconds=5)
WANTED = WIRING.command("/opt/python")
MOVED = Wiring("claude", Path("/new/tallyward/hooks/claude_code.py"), EVENTS, timeout_seconds=5).command("/new/python")

TIDY = """{
  "model": "opus",
  "hooks": {
    "PostToolUse": [
      {"matcher": "Bash", "hooks": [{"type": "command", "command": "lint"}]}
    ]
  }
}
"""
ODD = '\ufeff{ "b":1,\t"a" : [1,2 , 3],\r\n\r\n"naïve":"\\u00e9" }'
ORIGINALS = {
    "tidy": TIDY,
    "odd": ODD,
    "empty object": "{}",
    "nothing": "",
    "blank": " \n",
    "empty hooks": '{"hooks": {"Stop": []}}',
}


@pytest.fixture
def path(tmp_path) -> Path:
    (tmp_path / ".claude").mkdir()
    return tmp_path / ".claude" / "settings.json"


@pytest.fixture
def settings(path, tmp_path) -> HookSettings:
    return HookSettings(path, str(tmp_path / "tally"), WIRING)


def hooks(path: Path) -> dict:
    return json.loads(path.read_text("utf-8-sig")).get("hooks", {})


@pytest.mark.parametrize("original", ORIGINALS.values(), ids=ORIGINALS)
def test_taking_out_gives_the_very_same_bytes_back(path, settings, original):
    path.write_bytes(original.encode())
    assert settings.put_in(WANTED)
    assert settings.state(WANTED) == "connected"
    assert settings.take_out()
    assert path.read_bytes() == original.encode()
    assert settings.state(WANTED) == "absent"


def test_what_was_there_stays_there(path, settings):
    path.write_text(TIDY)
    settings.put_in(WANTED)
    assert json.loads(path.read_text())["model"] == "opus"
    assert hooks(path)["PostToolUse"][0]["hooks"][0]["command"] == "lint"
    assert set(hooks(path)) == set(EVENTS)


def test_a_second_time_changes_nothing(path, settings):
    path.write_text(TIDY)
    settings.put_in(WANTED)
    before = (path.read_bytes(), path.stat().st_ino, settings.file.backup_path.read_bytes())
    assert not settings.put_in(WANTED)
    assert (path.read_bytes(), path.stat().st_ino, settings.file.backup_path.read_bytes()) == before


def test_hooks_that_point_elsewhere_are_renewed_and_the_original_is_not_forgotten(path, settings):
    path.write_text(TIDY)
    settings.put_in(WANTED)
    assert settings.state(MOVED) == "stale"
    assert settings.put_in(MOVED)
    assert settings.commands() == [MOVED]
    settings.take_out()
    assert path.read_text() == TIDY


def test_after_somebody_else_changed_the_file_only_our_entries_go(path, settings):
    path.write_text(TIDY)
    settings.put_in(WANTED)
    changed = json.loads(path.read_text())
    changed["theme"] = "dark"
    changed["hooks"]["Stop"].append({"hooks": [{"type": "command", "command": "theirs"}]})
    changed["hooks"]["SessionEnd"][0]["hooks"].append({"type": "command", "command": "beside ours"})
    path.write_text(json.dumps(changed))
    assert settings.take_out()
    assert json.loads(path.read_text()) == {
        **json.loads(TIDY),
        "theme": "dark",
        "hooks": {
            **json.loads(TIDY)["hooks"],
            "Stop": [{"hooks": [{"type": "command", "command": "theirs"}]}],
            "SessionEnd": [{"hooks": [{"type": "command", "command": "beside ours"}]}],
        },
    }


def test_what_others_changed_before_a_renewal_is_not_undone(path, settings):
    path.write_text(TIDY)
    settings.put_in(WANTED)
    path.write_text(json.dumps({**json.loads(path.read_text()), "theme": "dark"}))
    settings.put_in(MOVED)
    settings.take_out()
    assert json.loads(path.read_text()) == {**json.loads(TIDY), "theme": "dark"}


def test_a_file_that_was_not_there_is_gone_again_with_its_folder(tmp_path):
    settings = HookSettings(tmp_path / "new" / ".claude" / "settings.json", str(tmp_path / "tally"), WIRING)
    settings.put_in(WANTED)
    assert settings.state(WANTED) == "connected"
    settings.take_out()
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_used_meanwhile_stays(tmp_path):
    settings = HookSettings(tmp_path / ".claude" / "settings.json", str(tmp_path / "tally"), WIRING)
    settings.put_in(WANTED)
    (tmp_path / ".claude" / "CLAUDE.md").write_text("mine")
    settings.take_out()
    assert [file.name for file in (tmp_path / ".claude").iterdir()] == ["CLAUDE.md"]


def test_without_a_backup_our_entries_still_go(path, settings):
    path.write_text(TIDY)
    settings.put_in(WANTED)
    settings.file.backup_path.write_text("{")
    settings.take_out()
    assert json.loads(path.read_text()) == json.loads(TIDY)


def test_nothing_to_take_out_is_no_change(path, settings):
    path.write_text(TIDY)
    assert not settings.take_out()
    assert path.read_text() == TIDY


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'{\n  "a": 1,\n}', "line 3"),
        (b'{\n\n "a": \xff}', "line 3"),
        (b"[]", "line 1"),
        (b'{"a": 1,\n"hooks": []}', "line 2"),
        (b'{\n"hooks": {"Stop": {}}}', "hooks.Stop"),
        (b"[" * 100_000, "line 1"),
    ],
)
def test_settings_that_cannot_be_read_are_named_and_left_alone(path, settings, content, where):
    path.write_bytes(content)
    for act in (settings.put_in, settings.state):
        with pytest.raises(SettingsUnreadable, match=where) as caught:
            act(WANTED)
        assert str(path) in caught.value.message
    assert path.read_bytes() == content


def test_entries_of_a_shape_we_do_not_know_are_left_alone(path, settings):
    odd = {"hooks": {"Stop": ["text", {"hooks": "text"}, {"matcher": 7}, {"hooks": [1, None]}]}}
    path.write_text(json.dumps(odd))
    settings.put_in(WANTED)
    path.write_text(path.read_text() + "\n")
    settings.take_out()
    assert json.loads(path.read_text()) == odd


def test_a_link_stays_a_link(tmp_path, path):
    target = tmp_path / "dotfiles.json"
    target.write_text(TIDY)
    path.symlink_to(target)
    settings = HookSettings(path, str(tmp_path / "tally"), WIRING)
    settings.put_in(WANTED)
    assert path.is_symlink()
    assert set(hooks(target)) == set(EVENTS)
    settings.take_out()
    assert target.read_text() == TIDY


def test_the_mode_of_the_file_stays(path, settings):
    path.write_text(TIDY)
    path.chmod(0o640)
    settings.put_in(WANTED)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_file_is_one_helpful_line(path, settings):
    path.write_text(TIDY)
    path.chmod(0o400)
    with pytest.raises(SettingsUnreadable, match="cannot be written"):
        settings.put_in(WANTED)
    assert path.read_text() == TIDY


def test_a_place_where_no_file_can_be_is_one_helpful_line(tmp_path):
    (tmp_path / "file").write_text("")
    settings = HookSettings(tmp_path / "file" / "settings.json", str(tmp_path / "tally"), WIRING)
    with pytest.raises(SettingsUnreadable, match="cannot be"):
        settings.put_in(WANTED)


def test_a_hook_whose_script_is_gone_still_ends_with_0():
    """Python ends with 2 for a missing script, which would make the agent refuse its user's work."""
    script = Path("/nowhere/it's gone/tallyward/hooks/claude_code.py")
    gone = Wiring("claude", script, EVENTS, timeout_seconds=5).command("python3")
    done = subprocess.run(["sh", "-c", gone], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
