"""Where a real agent works: a scratch home with a repository in it, and our own command beside the agent."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.laptop import Laptop, Ran

if TYPE_CHECKING:
    from tallyward.testing.scripted_model import Usage

TALLY = Path(sys.executable).with_name("tally")
INSTALLED = Path(__file__).parents[2] / ".cache/clients/node_modules/.bin"
SKILL = "---\nname: probe-echo\ndescription: Says a thing again.\n---\nSay it: $ARGUMENTS\n"


class Workplace:
    """`tally` runs our own command as the person who works here."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop = laptop
        self.answered: list[tuple[str, Usage]] = []  # what all models that worked here have reported
        laptop.environ.pop("CLAUDE_CODE_ENTRYPOINT", None)  # the program says so itself
        self.repository = laptop.home / "widget"
        if self.repository.exists():
            return  # two programs may share it
        self.repository.mkdir()
        self._git("init", "-q", "-b", "trunk")
        self._git("remote", "add", "origin", "https://ann:secret@github.com/acme/widget.git")

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.repository, env=self.laptop.environ, check=True)

    def tally(self, *arguments: str) -> Ran:
        """One of our commands, run in the repository."""
        return self.laptop.run([str(TALLY), *arguments], cwd=self.repository)

    def run(self, command: list[str], **environ: str) -> Ran:
        """Run an agent in the repository, with these variables beside the laptop's own."""
        known = dict(self.laptop.environ)
        self.laptop.environ |= environ
        try:
            return self.laptop.run(command, cwd=self.repository, stdin=subprocess.DEVNULL, seconds=90)
        finally:
            self.laptop.environ = known
