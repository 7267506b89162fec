"""The real Codex on a laptop of its own: a scratch home, a repository, a clean environment, a scripted model."""

import os
import sys
from pathlib import Path

from tallyward.testing.scripted_model import Script, ScriptedModel, Usage
from tests.clients.workplace import INSTALLED, SKILL, Workplace
from tests.laptop import Laptop, Ran

PROGRAM = Path(os.environ.get("TALLY_CODEX") or INSTALLED / "codex")
PROBE = Path(__file__).with_name("probe_mcp.py")
# Models that Codex knows, by how it offers them its tools: plainly, as functions of a program, or in namespaces.
PLAIN, PROGRAMMING, IN_NAMESPACES = "gpt-5.5", "gpt-6-sol", "gpt-5-codex"
SETTINGS = f"""# The comments of a person, and   odd spaces, stay.
model_provider = "loop"

[model_providers.loop]
name = "loop"
base_url = "http://127.0.0.1:9/v1"
wire_api = "responses"
env_key = "LOOP_KEY"

[mcp_servers.probe]
command = "{sys.executable}"
args = ["{PROBE}"]
default_tools_approval_mode = "approve"
"""


class RealCodex(Workplace):
    """`ask` runs the program once, headless."""

    def __init__(self, laptop: Laptop) -> None:
        super().__init__(laptop)
        self.settings = laptop.home / ".codex" / "config.toml"
        self.settings.parent.mkdir()
        self.settings.write_text(SETTINGS)
        self.skill = self.repository / ".agents" / "skills" / "probe-echo" / "SKILL.md"
        self.skill.parent.mkdir(parents=True)
        self.skill.write_text(SKILL)
        # Beside the program, the Node.js that it is started with may be one that we brought.
        folders = [str(PROGRAM.parent), str(Path(sys.executable).parent), laptop.environ["PATH"]]
        laptop.environ["PATH"] = os.pathsep.join(folders)

    def ask(
        self,
        prompt: str,
        *scripts: Script,
        model: str = PLAIN,
        options: tuple[str, ...] = (),
        usage: Usage | None = None,
    ) -> Ran:
        """Let the program work on `prompt` with a model that follows the first script that fits."""
        with ScriptedModel(*scripts, usage=usage) as scripted:
            address = f'model_providers.loop.base_url="{scripted.url}/v1"'
            command = [str(PROGRAM), "exec", "--sandbox", "workspace-write", "-m", model, "-c", address]
            done = self.run([*command, *options, prompt], LOOP_KEY="scripted-key")
        self.answered += scripted.answered
        return done
