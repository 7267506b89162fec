"""The command itself: what it loads, and how it says what is wrong."""

import importlib.util
import subprocess
import sys

import pytest

from tallyward import __version__
from tallyward.cli import main
from tests.servers import TALLY


def test_it_tells_its_version(terminal):
    assert terminal.run("--version").output == f"tallyward {__version__}\n"


def test_help_lists_the_commands_of_laptop_and_server(terminal):
    output = terminal.run("--help").output
    for command in ("connect", "disconnect", "flush", "status", "doctor", "me", "team", "serve", "db", "token"):
        assert f" {command} " in output


@pytest.mark.parametrize("command", [["reprice"], ["token", "create", "--name", "x", "--scope", "read"]])
def test_a_command_of_the_server_makes_no_ledger_in_a_place_that_nobody_named(terminal, command):
    done = terminal.laptop.run([TALLY, *command])
    assert done.code == 2
    assert b"There is no ledger in" in done.err
    assert b"--data" in done.err
    assert not (terminal.laptop.home / ".local" / "share" / "tallyward").exists()


def test_an_error_is_one_line_that_says_what_to_do(terminal):
    done = terminal.laptop.run([TALLY, "me"])
    assert (done.code, done.out) == (2, b"")
    assert (
        done.err
        == b"tally: This machine is not connected to a server. Run `tally connect claude --server URL --token TOKEN`.\n"
    )


def test_a_machine_without_the_server_says_what_to_install(monkeypatch, capsys):
    find = importlib.util.find_spec
    monkeypatch.setattr(main, "find_spec", lambda name: None if name == "starlette" else find(name))
    monkeypatch.setattr(sys, "argv", ["tally", "serve", "--port", "1"])
    with pytest.raises(SystemExit) as end:
        main.main()
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("tally: `tally serve` needs the server parts; missing: starlette.")
    assert "pip install 'tallyward[server]'" in said


def test_a_laptop_command_loads_nothing_of_the_server():
    program = (
        "import sys\n"
        "from tallyward.cli.main import build\n"
        "build(['status'])\n"
        "print([name for name in ('msgspec', 'psycopg', 'starlette', 'tallyward.ops') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_shell_can_complete_it(terminal):
    done = subprocess.run(
        [TALLY],
        env={
            **terminal.laptop.environ,
            "_TALLY_COMPLETE": "complete_bash",
            "COMP_WORDS": "tally st",
            "COMP_CWORD": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["status"]


def test_a_folder_that_refuses_is_one_line(terminal, listener):
    terminal.laptop.environ["TALLY_HOME"] = "/proc/tally"
    done = terminal.laptop.run([TALLY, "connect", "claude", "--server", listener.url, "--token", "t"])
    assert done.code == 2
    assert done.err.startswith(b"tally: /proc/tally")
    assert done.err.count(b"\n") == 1
