"""The agent programs that `tally connect` knows: where each keeps its settings, and which hooks belong there."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import tallyward
from tallyward.capture import claude_code, codex
from tallyward.cli import laptop
from tallyward.client import relay_start
from tallyward.client.hook_settings import ByRelay, HookSettings, Wiring
from tallyward.relay import events

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
        """The user's own settings, with what of it goes to this machine's relay."""
        wiring = replace(self.wiring, relay=by_relay(self.name, relay_start.read(laptop.root())))
        return HookSettings(self.home(os.environ) / self.file, laptop.root(), wiring)

    def project_settings(self) -> HookSettings:
        """The settings that this repository's sessions share."""
        return HookSettings(laptop.project_top() / self.folder / self.file, laptop.root(), self.wiring)

    def executable(self) -> str | None:
        """The program itself, if it is on the PATH."""
        return shutil.which(self.name)

    def is_here(self) -> bool:
        """Whether somebody uses it on this machine: it can be started, or it has left a folder."""
        return self.executable() is not None or self.home(os.environ).is_dir()


# Told of at each call, and the only ones that an agent sends over HTTP: those that begin and end something stay with a
# process, which starts the relay and looks after it.
FREQUENT = frozenset({"PreToolUse", "PostToolUse", "PostToolUseFailure", "PermissionDenied"})
RELAY_TIMEOUT_SECONDS = 1  # a relay that is stuck; one that is not there refuses at once


def by_relay(program: str, settings: relay_start.Settings | None) -> ByRelay:
    """What of a program goes to the relay on this machine."""
    if settings is None:
        return ByRelay()
    takes_hooks = f"{program} hooks" in settings.uses
    return ByRelay(
        url=settings.url + events.PATH,
        events=FREQUENT if takes_hooks else frozenset(),
        headers={name.title(): variable for name, variable in events.HEADERS.items()},
        timeout_seconds=RELAY_TIMEOUT_SECONDS,
        variables=exporter(settings.url) if program == "claude" and "claude exports" in settings.uses else {},
    )


def exporter(url: str) -> dict[str, str]:
    """What points Claude Code's own exporter at the relay. Metrics say nothing that its events do not say better."""
    return {
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
    }


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
