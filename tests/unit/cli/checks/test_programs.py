"""tallyward.cli.checks.programs."""

import sys


def test_hooks_whose_python_has_gone(terminal, healthy, connect, doctor):
    connect(healthy.url)
    path = terminal.laptop.home / ".claude" / "settings.json"
    path.write_text(path.read_text().replace(sys.executable, "/gone/python"))
    found = doctor()
    assert (found["programs"]["status"], "/gone/python" in found["programs"]["message"]) == ("fail", True)
    assert found["canary"]["status"] == "skip"
