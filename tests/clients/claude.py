"""The real Claude Code on a laptop of its own: a scratch home, a repository, a clean environment, a scripted model."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tallyward.testing.scripted_model import Script, ScriptedModel, Usage
from tests.clients.workplace import INSTALLED, SKILL, Workplace
from tests.laptop import Laptop, Ran
from tests.waiting import eventually

PROGRAM = Path(os.environ.get("TALLY_CLAUDE") or INSTALLED / "claude")
ALLOWED = ("Bash", "Read", "Skill", "Agent", "mcp__probe__ping")
STREAMING = ("--input-format", "stream-json", "--output-format", "stream-json")
BEGIN_SECONDS_MAX = 20.0
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
            done = self.run(command, ANTHROPIC_BASE_URL=model.url, ANTHROPIC_API_KEY="scripted-key", **QUIET)
        self.answered += model.answered
        return done

    def interrupt(self, prompt: str, *scripts: Script, when: Callable[[], bool]) -> int:
        """Let the program work as an application lets it, and interrupt it `when` the time has come; how it ended."""
        command = [str(PROGRAM), "-p", "--verbose", "--allowedTools", *ALLOWED, *STREAMING]
        with ScriptedModel(*scripts) as model:
            environ = {**self.laptop.environ, **QUIET, "ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "k"}
            with subprocess.Popen(
                command, cwd=self.repository, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as process:
                _say(process, {"type": "user", "message": {"role": "user", "content": prompt}})
                eventually(when, BEGIN_SECONDS_MAX)
                _say(process, {"type": "control_request", "request_id": "1", "request": {"subtype": "interrupt"}})
                for line in process.stdout:
                    if json.loads(line)["type"] == "result":
                        break
                process.communicate(timeout=BEGIN_SECONDS_MAX)
        self.answered += model.answered
        return process.returncode


def _say(process: "subprocess.Popen[str]", message: dict[str, Any]) -> None:
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
