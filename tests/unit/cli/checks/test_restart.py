"""tallyward.cli.checks.restart, and how open sessions are found."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tallyward.cli import doctor_processes
from tallyward.cli.programs import CLAUDE
from tests.waiting import eventually


@pytest.fixture
def session(terminal, healthy, tmp_path) -> Iterator[subprocess.Popen[bytes]]:
    """A program called `claude` that has begun before anything else happens, and waits."""
    program = tmp_path / "claude"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([str(program), "60"], env=dict(os.environ)) as process:
        eventually(lambda: [one for one in doctor_processes.running(CLAUDE) or [] if one.pid == process.pid], 10)
        yield process
        process.send_signal(signal.SIGKILL)


def test_a_session_that_is_older_than_its_hooks_is_named(terminal, healthy, connect, doctor, session):
    connect(healthy.url)
    check = doctor()["restart"]
    assert (check["status"], str(session.pid) in check["message"]) == ("fail", True)
    assert check["remedy"] == "End it and start Claude Code again."


def test_a_session_that_began_after_is_well(terminal, healthy, connect, doctor, session):
    connect(healthy.url)
    for backup in (terminal.laptop.root / "backups").iterdir():
        os.utime(backup, (1_700_000_000, 1_700_000_000))
    assert doctor()["restart"]["status"] == "pass"


def test_sessions_with_settings_of_their_own_are_none_of_ours(healthy, connect, doctor, session, monkeypatch):
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(Path.home() / "other"))
    connect(healthy.url)
    assert doctor()["restart"]["status"] == "pass"


@pytest.mark.parametrize(
    ("words", "name", "expected"),
    [
        (["claude"], "claude", True),
        (["/usr/bin/node", "/opt/lib/node_modules/@anthropic-ai/claude-code/cli.js"], "claude", True),
        (["node", "--no-warnings", "/usr/local/bin/codex"], "codex", True),
        (["vim", "notes.md", "--", "claude"], "claude", False),
        (["/usr/bin/python", "claude_code.py"], "claude", False),
    ],
)
def test_a_program_is_known_by_its_file_or_its_package(words, name, expected):
    assert doctor_processes.is_agent(words, name) is expected


@pytest.mark.parametrize(("elapsed", "seconds"), [("00:05", 5), ("01:02:03", 3723), ("2-00:00:01", 172_801)])
def test_ages_as_ps_tells_them(elapsed, seconds):
    assert doctor_processes.seconds_of(elapsed) == seconds
