"""What the doctor looks at, each thing once and only when a check asks for it; no verdicts here."""

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from tallyward import clock
from tallyward.cli import codex_hooks, doctor_processes, laptop, managed, programs
from tallyward.cli.doctor_canary import Flight, Start, fly
from tallyward.cli.doctor_processes import AgentProcess
from tallyward.cli.programs import CLAUDE, AgentProgram
from tallyward.client import backoff, counters, git_facts, home, segments
from tallyward.client.codex_trust import CodexHook
from tallyward.client.home import LaptopConfig
from tallyward.client.hook_settings import HookSettings
from tallyward.errors import HooksUntrusted, SettingsUnreadable, TallyError


@dataclass(frozen=True)
class Place:
    """One file by which an agent program starts our hooks."""

    path: Path
    kind: str  # managed, plugin, user or project
    commands: tuple[str, ...]
    is_stale: bool = False
    what: str = ""


class ClientFacts:
    """One agent program on this machine."""

    def __init__(self, program: AgentProgram) -> None:
        self.program = program
        self.name = program.name
        self.title = program.title

    @cached_property
    def is_here(self) -> bool:
        return self.program.is_here()

    @cached_property
    def is_connected(self) -> bool:
        return self.unreadable is not None or bool(self.places)

    @cached_property
    def _files(self) -> dict[str, HookSettings]:
        own = {"user": self.program.user_settings()}
        here = self.program.project_settings() if self.program is CLAUDE else None
        # In the home folder both are one file, which is read once.
        return own if here is None or here.path.resolve() == own["user"].path.resolve() else {**own, "project": here}

    @cached_property
    def unreadable(self) -> SettingsUnreadable | None:
        try:
            for file in self._files.values():
                file.commands()
        except SettingsUnreadable as error:
            return error
        return None

    @cached_property
    def held(self) -> Path | None:
        """The managed settings that start our hooks."""
        return managed.holding(self.program)

    @cached_property
    def places(self) -> list[Place]:
        """Every place that starts our hooks, the strongest first."""
        found: list[Place] = []
        if self.held is not None:
            commands = tuple(sorted(set(_commands(managed.read(self.held), self.program.wiring.mark))))
            found.append(Place(self.held, "managed", commands, what="which is managed for you"))
        plugin = managed.plugging_in() if self.program is CLAUDE else None
        if plugin is not None:
            launched = (self.program.wiring.launched(),)
            found.append(Place(plugin, "plugin", launched, what="which turns our plugin on"))
        for kind, file in self._files.items():
            commands = tuple(file.commands())
            if commands:
                found.append(Place(file.path, kind, commands, file.state(self.program.command()) == "stale"))
        return found

    @cached_property
    def gone(self) -> list[str]:
        """What the hooks start and is not there."""
        started = {path for place in self.places for command in place.commands for path in _programs(command)}
        if any(place.kind == "plugin" for place in self.places):
            started.add(str(self.program.launcher_file()))
        return sorted(path for path in started if not Path(path).exists())

    @cached_property
    def _policies(self) -> list[tuple[Path, dict[str, Any]]]:
        """All settings that may turn hooks off, those of a managed machine first."""
        if self.program is CLAUDE:
            folders = [file.path for file in self._files.values()]
            own = [path for file in folders for path in (file, file.with_name("settings.local.json"))]
        else:
            own = [codex_hooks.config_file()]
        return [(path, managed.read(path)) for path in (*managed.files(self.program), *own)]

    @cached_property
    def hooks_off(self) -> tuple[Path, str] | None:
        """The settings that turn all hooks off, and how."""
        for path, settings in self._policies:
            features = cast("dict[str, Any]", settings.get("features") or {})
            if self.program is CLAUDE and settings.get("disableAllHooks") is True:
                return path, "sets disableAllHooks"
            if self.program is not CLAUDE and False in (features.get("hooks"), features.get("codex_hooks")):
                return path, "turns the feature `hooks` off"
        return None

    @cached_property
    def only_managed(self) -> Path | None:
        """The settings that let only managed hooks run."""
        for path, settings in self._policies:
            if self.program is CLAUDE and settings.get("allowManagedHooksOnly") is True:
                return path
            # In the user's own settings this word means nothing to Codex.
            own = path == codex_hooks.config_file()
            if self.program is not CLAUDE and settings.get("allow_managed_hooks_only") is True and not own:
                return path
        return None

    @cached_property
    def trusted(self) -> list[CodexHook] | HooksUntrusted | None:
        """Our hooks as Codex sees them; None if it is not there to be asked."""
        try:
            return codex_hooks.ours()
        except HooksUntrusted as error:
            return error

    @cached_property
    def changed_at(self) -> float | None:
        """Since when the hooks are as they are."""
        moments: list[float] = []
        for place in self.places:
            file = self._files.get(place.kind)
            paths = [file.file.backup_path, file.path] if file else [place.path]
            there = next((path for path in paths if path.exists()), None)
            moments += [there.stat().st_mtime] if there else []
        return min(moments, default=None)  # any one place is enough for a session to report

    @cached_property
    def running(self) -> list[AgentProcess] | None:
        return doctor_processes.running(self.program)

    @cached_property
    def canary(self) -> Flight:
        commands = list(dict.fromkeys(command for place in self.places for command in place.commands))
        return fly(Start(commands, self._environ(), self.program.wiring.timeout_seconds))

    def _environ(self) -> dict[str, str]:
        """What the client gives to its hooks."""
        if self.program is not CLAUDE:
            return dict(os.environ)
        said = [settings.get("env") for _, settings in reversed(self._policies)]
        named = [cast("dict[str, Any]", part) for part in said if isinstance(part, dict)]
        chosen = {name: str(value) for part in named for name, value in part.items()}
        return {
            "CLAUDE_CODE_ENTRYPOINT": "cli",
            "CLAUDE_PROJECT_DIR": str(laptop.project_top()),
            **os.environ,
            **chosen,
        }


class Facts:
    """The machine as a whole, and each agent program on it. `only` names the one that shall be looked at."""

    def __init__(self, only: str | None = None) -> None:
        self.clients = [ClientFacts(program) for program in programs.ALL if only in (None, program.name)]
        self.root = laptop.root()
        self.github_user = os.environ.get("GITHUB_USER")

    @cached_property
    def config(self) -> LaptopConfig:
        return laptop.configured()

    @cached_property
    def engineer(self) -> str | None:
        """Whose handle a hook started here would use."""
        return git_facts.engineer(self.config, git_facts.repository(str(Path.cwd())), os.environ)

    @cached_property
    def folder_refusal(self) -> str | None:
        """Why the spool's folder cannot be written; None if it can."""
        probe = Path(self.root) / "spool" / ".doctor"
        try:
            home.make_folder(self.root, "spool")
            probe.write_bytes(b"x")
            probe.unlink()
        except OSError as error:
            return error.strerror or type(error).__name__
        return None

    @cached_property
    def health(self) -> dict[str, Any] | TallyError:
        """What the server says of itself, or why it says nothing."""
        return _said("/v1/health")

    @cached_property
    def asked_at(self) -> float:
        """About when `health` was asked, by this machine's clock."""
        return clock.epoch_seconds()

    @cached_property
    def in_clear(self) -> bool | None:
        try:
            return laptop.link().in_clear
        except TallyError:
            return None

    @cached_property
    def capture_config(self) -> dict[str, Any] | TallyError:
        return _said("/v1/capture-config")

    @cached_property
    def waiting_rows(self) -> int:
        return segments.waiting(self.root).rows

    @cached_property
    def waiting_seconds(self) -> float:
        """How long the oldest part of the spool waits."""
        moments: list[float] = []
        for path in [*segments.pending(self.root), segments.folder(self.root) / "fires.ndjson"]:
            try:
                moments.append(path.stat().st_mtime)
            except OSError:
                continue  # It was delivered in this moment.
        return max(0.0, clock.epoch_seconds() - min(moments)) if moments else 0.0

    @cached_property
    def failures(self) -> int:
        return backoff.failures(self.root)

    @cached_property
    def counted(self) -> counters.Counters:
        return counters.load(self.root)

    @cached_property
    def lost(self) -> dict[str, int]:
        return segments.losses(self.root)


def _said(path: str) -> dict[str, Any] | TallyError:
    try:
        return laptop.link().get(path)
    except TallyError as error:
        return error


def _commands(value: object, mark: str) -> Iterator[str]:
    """The commands of our hooks, wherever they stand in a program's settings."""
    if isinstance(value, dict):
        settings = cast("dict[str, object]", value)
        command = settings.get("command")
        if isinstance(command, str) and mark in command:
            yield command
        value = list(settings.values())
    if isinstance(value, list):
        for part in cast("list[object]", value):
            yield from _commands(part, mark)


def _programs(command: str) -> list[str]:
    """The absolute paths that a hook's command starts."""
    try:
        return [word for word in shlex.split(command) if word.startswith("/")]
    except ValueError:
        return []
