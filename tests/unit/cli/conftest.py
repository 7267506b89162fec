"""Commands run in this process, as the person whose laptop it is."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tallyward.cli.main import build
from tallyward.client import backfill_delivery
from tests.backfill_machine import Machine
from tests.laptop import Laptop
from tests.listening_server import ListeningServer


@dataclass
class Terminal:
    """`run` gives what a command printed and its exit code."""

    laptop: Laptop

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(build(list(arguments)), list(arguments), catch_exceptions=False)


@pytest.fixture
def terminal(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in a repository of the laptop, with nothing of the caller's environment."""
    for name in list(os.environ):
        if name.startswith(("TALLY_", "CLAUDE_", "CODEX_", "GITHUB_", "GIT_", "XDG_")):
            monkeypatch.delenv(name)
    folders = [Path(folder) for folder in os.environ["PATH"].split(os.pathsep)]
    agentless = [str(folder) for folder in folders if not any((folder / name).exists() for name in ("claude", "codex"))]
    laptop.environ["PATH"] = os.pathsep.join(agentless)
    for name, value in laptop.environ.items():
        monkeypatch.setenv(name, value)
    repository = laptop.home / "widget"
    (repository / ".git").mkdir(parents=True)
    monkeypatch.chdir(repository)
    return Terminal(laptop)


Connect = Callable[..., Result]


@pytest.fixture
def connect(terminal: Terminal) -> Connect:
    """Runs `tally connect claude`."""

    def run(server: str, *more: str) -> Result:
        return terminal.run("connect", "claude", "--server", server, "--token", "tw_x", *more)

    return run


@pytest.fixture
def machine(terminal: Terminal, listener: ListeningServer, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A connected laptop; a server that does not take rows is asked again at once."""
    monkeypatch.setattr(backfill_delivery, "FIRST_WAIT_SECONDS", 0.0)
    return Machine(terminal, listener)
