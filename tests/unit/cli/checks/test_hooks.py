"""tallyward.cli.checks.hooks."""

import sys


def test_a_connected_laptop_passes_everything(terminal, healthy, connect, doctor):
    connect(healthy.url)
    found = doctor()
    assert {name: check for name, check in found.items() if check["status"] not in {"pass", "skip"}} == {}
    assert found["hooks"]["message"].endswith(".claude/settings.json.")


def test_on_a_terminal_each_check_is_a_line(terminal, healthy, connect):
    connect(healthy.url)
    assert "PASS  server: " in terminal.run("doctor").output


def test_a_laptop_that_was_never_connected(doctor):
    found = doctor()
    assert (found["hooks"]["status"], found["hooks"]["remedy"]) == ("fail", "Run `tally connect claude`.")


def test_hooks_of_another_installation(terminal, healthy, connect, doctor):
    connect(healthy.url)
    path = terminal.laptop.home / ".claude" / "settings.json"
    path.write_text(path.read_text().replace(sys.executable, "/gone/python"))
    assert doctor()["hooks"]["status"] == "warn"


def test_settings_that_cannot_be_read(terminal, doctor):
    (terminal.laptop.home / ".claude").mkdir()
    (terminal.laptop.home / ".claude" / "settings.json").write_text("{\n\n")
    found = doctor()
    assert (found["hooks"]["status"], "line 3" in found["hooks"]["message"]) == ("fail", True)
    assert "programs" not in found, "nothing more can be said of them"


def test_one_program_may_be_looked_at_alone(terminal, doctor):
    (terminal.laptop.home / ".codex").mkdir()
    assert {"hooks", "codex hooks"} <= set(doctor())
    assert "codex hooks" not in doctor("--client", "claude")
    assert "hooks" not in doctor("--client", "codex")
