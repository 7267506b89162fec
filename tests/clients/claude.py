"""The real Claude Code on a laptop of its own: a scratch home, a repository, a clean environment, a scripted model."""

import os
from pathlib import Path

from tallyward.testing.scripted_model import Script, ScriptedModel, Usage
from tests.clients.workplace import INSTALLED, SKILL, Workplace
from tests.laptop import Laptop, Ran

PROGRAM = Path(os.environ.get("TALLY_CLAUDE") or INSTALLED / "claude")
ALLOWED = ("Bash", "Read", "Skill", "Agent", "mcp__probe__ping")
QUIET = {"DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}


class RealClaude(Workplace):
    """`ask` runs the program once, headless."""

    def __init__(self, laptop: Laptop) -> None:
        super().__init__(laptop)
        skill = laptop.home / ".claude" / "skills" / "probe-echo" / "SKILL.md"
        skill.parent.mkdir(parents=True)
        skill.write_text(SKILL)

    def ask(self, prompt: str, *scripts: Script, options: tuple[str, ...] = (), usage: Usage | None = None) -> Ran:
        """Let the program work on `prompt` with a model that follows the first script that fits."""
        command = [str(PROGRAM), "-p", prompt, "--allowedTools", *ALLOWED, *options]
        with ScriptedModel(*scripts, usage=usage) as model:
            return self.run(command, ANTHROPIC_BASE_URL=model.url, ANTHROPIC_API_KEY="scripted-key", **QUIET)
