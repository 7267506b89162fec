"""tallyward.cli.checks.duplicates."""

import json


def test_hooks_in_the_users_settings_and_in_the_repositorys(healthy, connect, doctor):
    connect(healthy.url)
    assert doctor()["duplicates"]["status"] == "pass"
    connect(healthy.url, "--project")
    check = doctor()["duplicates"]
    assert (check["status"], check["remedy"]) == ("fail", "Run `tally disconnect claude --project`.")


def test_hooks_in_the_settings_and_in_the_plugin(terminal, healthy, connect, doctor):
    connect(healthy.url)
    path = terminal.laptop.home / ".claude" / "settings.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "enabledPlugins": {"tallyward@acme": True}}))
    check = doctor()["duplicates"]
    assert (check["status"], check["remedy"]) == ("fail", "Run `tally disconnect claude`.")
    terminal.run("disconnect", "claude")
    assert doctor()["duplicates"]["status"] == "pass"


def test_a_fire_that_is_told_twice_is_still_one_row(healthy, connect, doctor):
    connect(healthy.url)
    connect(healthy.url, "--project")
    assert doctor()["canary"]["status"] == "pass"


def test_in_the_home_folder_both_settings_are_one_file(terminal, healthy, connect, doctor, monkeypatch):
    connect(healthy.url)
    monkeypatch.chdir(terminal.laptop.home)
    assert doctor()["duplicates"]["status"] == "pass"
