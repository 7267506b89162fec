"""The agent programs that `tally connect` knows: where each keeps its settings, and which hooks belong there."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import tallyward
from tallyward.capture import claude_code, codex
from tallyward.cli import laptop
from tallyward.client.hook_settings import HookSettings, Wiring

HOOKS = Path(tallyward.__file__).parent / "hooks"


@dataclass(frozen=True)
class AgentProgram:
    """One agent program on this machine."""

    title: str
    wiring: Wiring
    home_variable: str  # names the folder of its settings, where it is not the usual one
    folder: str
    file: str

    @property
    def name(self) -> str:
        """What it is called on the command line, its own and ours."""
        return self.wiring.program

    def home(self, environ: Mapping[str, str]) -> Path:
        """The folder of the user's own settings."""
        chosen = environ.get(self.home_variable)
        return Path(chosen).expanduser().absolute() if chosen else Path.home() / self.folder

    def command(self) -> str:
        """The hook as the program has to start it, with this very Python."""
        return self.wiring.command(sys.executable)

    def launcher(self) -> str:
        """What our plugin starts in its stead, a script of sh."""
        return self.wiring.launcher(sys.executable)

    def launcher_file(self) -> Path:
        """Where `tally connect` leaves that."""
        return Path(laptop.root()) / "hooks" / self.wiring.script.stem

    def user_settings(self) -> HookSettings:
        """The user's own settings."""
        return HookSettings(self.home(os.environ) / self.file, laptop.root(), self.wiring)

    def project_settings(self) -> HookSettings:
        """The settings that this repository's sessions share."""
        return HookSettings(laptop.project_top() / self.folder / self.file, laptop.root(), self.wiring)

    def executable(self) -> str | None:
        """The program itself, if it is on the PATH."""
        return shutil.which(self.name)

    def is_here(self) -> bool:
        """Whether somebody uses it on this machine: it can be started, or it has left a folder."""
        return self.executable() is not None or self.home(os.environ).is_dir()


CLAUDE = AgentProgram(
    title="Claude Code",
    wiring=Wiring("claude", HOOKS / "claude_code.py", claude_code.EVENTS, timeout_seconds=5),
    home_variable="CLAUDE_CONFIG_DIR",
    folder=".claude",
    file="settings.json",
)
CODEX = AgentProgram(
    title="Codex",
    # Codex allows a session's last hook no more than this, and complains aloud of each that asks for more.
    wiring=Wiring("codex", HOOKS / "codex.py", codex.EVENTS, timeout_seconds=3),
    home_variable="CODEX_HOME",
    folder=".codex",
    file="hooks.json",
)
ALL = (CLAUDE, CODEX)
