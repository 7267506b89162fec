"""tallyward.cli.checks.policy. Managed settings are looked at in tests/unit/cli/test_managed.py."""

import json
from pathlib import Path

import pytest


@pytest.mark.parametrize("name", ["settings.json", "settings.local.json"])
@pytest.mark.parametrize("switch", ["disableAllHooks", "allowManagedHooksOnly"])
def test_settings_that_turn_hooks_off(doctor, name, switch):
    folder = Path.cwd() / ".claude"
    folder.mkdir()
    (folder / name).write_text(json.dumps({switch: True}))
    check = doctor()["policy"]
    assert (check["status"], str(folder / name) in check["message"]) == ("fail", True)
