"""The real Claude Code on a laptop of its own: a scratch home, a repository, a clean environment, a scripted model."""

import os
import subprocess
import sys
from pathlib import Path

from tallyward.testing.scripted_model import Script, ScriptedModel, Usage
from tests.laptop import Laptop, Ran

CACHED = Path(__file__).parents[2] / ".cache/clients/node_modules/.bin/claude"
PROGRAM = Path(os.environ.get("TALLY_CLAUDE") or CACHED)
TALLY = Path(sys.executable).with_name("tally")
ALLOWED = ("Bash", "Read", "Skill", "Agent", "mcp__probe__ping")
QUIET = {"DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
SKILL = "---\nname: probe-echo\ndescription: Says a thing again.\n---\nSay it: $ARGUMENTS\n"


class RealClaude:
    """`ask` runs the program once, headless; `tally` runs our own command as the same person."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop = laptop
        del laptop.environ["CLAUDE_CODE_ENTRYPOINT"]  # the program says so itself
        self.repository = laptop.home / "widget"
        self.repository.mkdir()
        self._git("init", "-q", "-b", "trunk")
        self._git("remote", "add", "origin", "https://ann:secret@github.com/acme/widget.git")
        skill = laptop.home / ".claude" / "skills" / "probe-echo" / "SKILL.md"
        skill.parent.mkdir(parents=True)
        skill.write_text(SKILL)

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.repository, env=self.laptop.environ, check=True)

    def tally(self, *arguments: str) -> Ran:
        """One of our commands, run in the repository."""
        return self.laptop.run([str(TALLY), *arguments], cwd=self.repository)

    def ask(self, prompt: str, *scripts: Script, options: tuple[str, ...] = (), usage: Usage | None = None) -> Ran:
        """Let the program work on `prompt` with a model that follows the first script that fits."""
        with ScriptedModel(*scripts, usage=usage) as model:
            provider = {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "scripted-key", **QUIET}
            known = dict(self.laptop.environ)
            self.laptop.environ |= provider
            try:
                command = [str(PROGRAM), "-p", prompt, "--allowedTools", *ALLOWED, *options]
                return self.laptop.run(command, cwd=self.repository, stdin=subprocess.DEVNULL, seconds=90)
            finally:
                self.laptop.environ = known
