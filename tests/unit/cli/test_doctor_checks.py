"""The checks of `tally doctor`: each fault is named with its fix."""

import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tallyward import clock
from tallyward.client import spool
from tests.listening_server import Reply, refusal


@pytest.fixture
def healthy(listener):
    """A server that also tells its health."""

    def answers(request):
        moment = clock.iso(clock.now())
        return Reply(200, {"ok": True, "version": "0.1.0", "time": moment}) if request.path == "/v1/health" else None

    listener.answers = answers
    return listener


def examined(terminal) -> dict[str, dict[str, str]]:
    done = terminal.run("doctor", "--json")
    found = json.loads(done.output)
    failed = any(check["verdict"] == "FAIL" for check in found["checks"])
    assert (done.exit_code, found["ok"]) == (int(failed), not failed)
    return {check["name"]: check for check in found["checks"]}


def verdicts(terminal) -> dict[str, str]:
    return {name: check["verdict"] for name, check in examined(terminal).items()}


def test_a_connected_laptop_passes_everything(terminal, healthy, connect):
    connect(healthy.url)
    assert set(verdicts(terminal).values()) == {"PASS"}
    assert "PASS  server" in terminal.run("doctor").output


def test_everything_that_does_not_pass_comes_with_its_fix(terminal):
    for check in examined(terminal).values():
        assert check["verdict"] == "PASS" or check["fix"]


def test_a_laptop_that_was_never_connected(terminal):
    found = verdicts(terminal)
    assert (found["hooks"], found["server"]) == ("FAIL", "FAIL")


def test_nobody_says_who_works_here(terminal, monkeypatch):
    monkeypatch.delenv("GITHUB_USER")
    check = examined(terminal)["engineer"]
    assert (check["verdict"], "GITHUB_USER" in check["fix"]) == ("WARN", True)
    (terminal.laptop.home / ".gitconfig").write_text("[user]\nname = Ann B\n")
    assert "'Ann B', which is git's word" in examined(terminal)["engineer"]["finding"]


def test_whose_rows_the_token_shows_is_held_against_whose_are_written(terminal, healthy, connect, monkeypatch):
    connect(healthy.url)
    monkeypatch.setenv("GITHUB_USER", "somebody-else")
    check = examined(terminal)["engineer"]
    assert check["verdict"] == "WARN"
    assert "somebody-else" in check["finding"]
    assert "--engineer somebody-else" in check["fix"]


def test_hooks_of_another_installation_and_of_one_that_is_gone(terminal, healthy, connect):
    connect(healthy.url)
    path = terminal.laptop.home / ".claude" / "settings.json"
    path.write_text(path.read_text().replace(sys.executable, "/gone/python"))
    found = examined(terminal)
    assert found["hooks"]["verdict"] == "WARN"
    assert (found["programs"]["verdict"], "/gone/python" in found["programs"]["finding"]) == ("FAIL", True)


def test_hooks_in_two_files(terminal, healthy, connect):
    connect(healthy.url)
    connect(healthy.url, "--project")
    assert verdicts(terminal)["hooks"] == "WARN"


def test_settings_that_cannot_be_read(terminal):
    (terminal.laptop.home / ".claude").mkdir()
    (terminal.laptop.home / ".claude" / "settings.json").write_text("{\n\n")
    check = examined(terminal)["hooks"]
    assert (check["verdict"], "line 3" in check["finding"]) == ("FAIL", True)


@pytest.mark.parametrize("name", ["settings.json", "settings.local.json"])
@pytest.mark.parametrize("switch", ["disableAllHooks", "allowManagedHooksOnly"])
def test_settings_that_turn_hooks_off(terminal, name, switch):
    folder = Path.cwd() / ".claude"
    folder.mkdir()
    (folder / name).write_text(json.dumps({switch: True}))
    check = examined(terminal)["switches"]
    assert (check["verdict"], str(folder / name) in check["finding"]) == ("FAIL", True)


def test_a_clock_that_is_off(terminal, healthy, connect):
    connect(healthy.url)
    wrong = clock.iso(clock.now() - timedelta(hours=1))
    healthy.answers = lambda request: Reply(200, {"ok": True, "time": wrong}) if "health" in request.path else None
    check = examined(terminal)["clock"]
    assert check["verdict"] == "WARN"
    assert "s ahead of the server" in check["finding"]


def test_a_token_that_was_revoked(terminal, healthy, connect):
    connect(healthy.url)
    usual = healthy.answers
    healthy.answers = lambda request: usual(request) or refusal(401, "not_authenticated", "It was revoked.")
    check = examined(terminal)["token"]
    assert (check["verdict"], check["finding"]) == ("FAIL", "It was revoked.")


def test_a_server_that_does_not_answer(terminal, connect):
    connect("http://127.0.0.1:1")
    check = examined(terminal)["server"]
    assert (check["verdict"], "does not answer" in check["finding"]) == ("FAIL", True)


def test_a_spool_that_is_stuck_and_rows_that_were_lost(terminal, healthy, connect):
    connect(healthy.url)
    spool.append(str(terminal.laptop.root), b'{"to":"trace","row":{}}\n')
    spool.count_loss(str(terminal.laptop.root), "d")
    usual = healthy.answers
    healthy.answers = lambda request: (
        usual(request) or (refusal(503, "busy", "Full.") if request.method == "POST" else None)
    )
    terminal.run("flush")
    found = examined(terminal)
    assert (found["spool"]["verdict"], "the last: Full." in found["spool"]["finding"]) == ("FAIL", True)
    assert (found["losses"]["verdict"], "1 disk" in found["losses"]["finding"]) == ("WARN", True)


def test_a_folder_that_cannot_be_written(terminal, monkeypatch):
    monkeypatch.setenv("TALLY_HOME", "/proc/tally")
    assert verdicts(terminal)["folder"] == "FAIL"
