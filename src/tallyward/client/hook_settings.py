"""Our hooks in a settings file of an agent program: put in beside what is there, taken out without a trace.

Claude Code and Codex write hooks down alike: under `hooks`, by event, in groups that may have a matcher. The file
belongs to its user. It is read strictly and changed only where our own entries are. If nobody else has changed it
since, taking our hooks out gives its original bytes back; otherwise only our entries go.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from tallyward.client.kept_file import KeptFile
from tallyward.errors import SettingsUnreadable

State = Literal["connected", "stale", "absent"]
Json = dict[str, Any]
Entry = tuple[str, str | None, Json]  # event, matcher, hook
# Among the variables of the settings, the names of those that are ours: so they are known again whoever edits the file.
OUR_VARIABLES = "TALLY_EXPORTS"


@dataclass(frozen=True)
class ByRelay:
    """What goes to the relay: the events that it takes over HTTP, and the variables that point the exporter at it."""

    url: str = ""
    events: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])  # header, and the variable whose value it has
    timeout_seconds: int = 1
    variables: Mapping[str, str] = field(default_factory=dict[str, str])

    def hook(self) -> Json:
        """The hook of such an event."""
        return {
            "type": "http",
            "url": self.url,
            "headers": {name: f"${variable}" for name, variable in self.headers.items()},
            "allowedEnvVars": list(self.headers.values()),
            "timeout": self.timeout_seconds,
        }

    def environment(self) -> dict[str, str]:
        """The variables, as a settings file has them under `env`."""
        if not self.variables:
            return {}
        return {**self.variables, OUR_VARIABLES: " ".join(sorted(self.variables))}


@dataclass(frozen=True)
class Wiring:
    """Which hooks an agent program has to start, and what they are known by in its settings."""

    program: str
    script: Path
    events: Mapping[str, str | None]
    # After this the agent gives up on the hook; it never takes a tenth of it (`hooks/start.py`).
    timeout_seconds: int
    relay: ByRelay = field(default_factory=ByRelay)

    def command(self, python: str) -> str:
        """The shell command of each hook.

        It cannot fail: Python ends with 2 when a script is gone, and a 2 would make the agent refuse its user's work.
        """
        return f"{shlex.quote(python)} -I -S {shlex.quote(str(self.script))} 2>/dev/null || :"

    def launched(self) -> str:
        """The same for those who do not know this installation: by way of what `tally connect` left for them."""
        return f'sh "${{TALLY_HOME:-$HOME/.tally}}/hooks/{self.script.stem}" 2>/dev/null || :'

    def launcher(self, python: str) -> str:
        """What `tally connect` leaves for them, a script of sh."""
        start = f"exec {shlex.quote(python)} -I -S {shlex.quote(str(self.script))}"
        return f"# The hook of this installation. Written by `tally connect`, for our plugin to start.\n{start}\n"

    @property
    def mark(self) -> str:
        """What the command or the address of each of our hooks holds, of whatever installation."""
        return f"tallyward/hooks/{self.script.stem}"

    def entries(self, command: str) -> list[Entry]:
        """Every hook with its event and matcher."""
        hook: Json = {"type": "command", "command": command, "timeout": self.timeout_seconds}
        by_relay = self.relay.hook()
        return _sorted([
            (event, matcher, by_relay if event in self.relay.events else hook)
            for event, matcher in self.events.items()
        ])  # fmt: skip

    def hooks(self, command: str) -> Json:
        """All of it, as a settings file has it under `hooks`."""
        return {event: [_group(matcher, hook)] for event, matcher, hook in self.entries(command)}


class HookSettings:
    """One settings file and its backup under `root`, the laptop's folder."""

    def __init__(self, path: Path, root: str, wiring: Wiring) -> None:
        self.file = KeptFile(path, root, wiring.program)
        self.path = self.file.path
        self.wiring = wiring

    def state(self, wanted: str) -> State:
        """Whether our hooks are there, as `wanted`, or there in another form."""
        settings = self._parsed(self.file.read())
        if not self._ours(settings):
            return "absent"
        return "connected" if self._is_as(settings, wanted) else "stale"

    def variables(self) -> dict[str, Any]:
        """The variables that the file sets for the program, without ours."""
        settings = self._parsed(self.file.read())
        ours = _our_variables(settings)
        return {name: value for name, value in _variables(settings).items() if name not in ours}

    def _is_as(self, settings: Json, wanted: str) -> bool:
        ours = _sorted(self._ours(settings)) == self.wiring.entries(wanted)
        return ours and _our_variables(settings) == self.wiring.relay.environment()

    def commands(self) -> list[str]:
        """The commands of our hooks that stand in the file."""
        found = [hook.get("command") for _, _, hook in self._ours(self._parsed(self.file.read()))]
        return sorted({str(command) for command in found if command is not None})

    def put_in(self, wanted: str) -> bool:
        """Add or renew our hooks. Whether the file had to change."""
        raw = self.file.read()
        settings = self._parsed(raw)
        if self._is_as(settings, wanted):
            return False
        rest = _written(raw, settings) if self._take_out(settings) else raw
        hooks = settings.setdefault("hooks", {})
        for event, matcher, hook in self.wiring.entries(wanted):
            hooks.setdefault(event, []).append(_group(matcher, hook))
        if self.wiring.relay.variables:
            settings["env"] = {**_variables(settings), **self.wiring.relay.environment()}
        self.file.change(raw, _written(raw, settings), rest)
        return True

    def take_out(self) -> bool:
        """Remove our hooks: the original bytes if nobody else has touched the file. Whether there was anything."""
        raw = self.file.read()
        if self.file.restore(raw):
            return True
        settings = self._parsed(raw)
        if not self._take_out(settings):
            return False
        self.file.leave(_written(raw, settings))
        return True

    def _ours(self, settings: Json) -> list[Entry]:
        """Event, matcher and entry of every hook of ours."""
        return [
            (event, cast("Json", group).get("matcher"), cast("Json", hook))
            for event, groups in cast("Json", settings.get("hooks", {})).items()
            for group in cast("list[object]", groups)
            for hook in _hooks_of(group)
            if self._is_ours(hook)
        ]

    def _is_ours(self, hook: object) -> bool:
        known = cast("Json", hook) if isinstance(hook, dict) else {}
        return self.wiring.mark in str(known.get("command", "")) or self.wiring.mark in str(known.get("url", ""))

    def _take_out(self, settings: Json) -> bool:
        """Remove our entries, and what would be left empty by that. Whether there were any."""
        had = _take_out_variables(settings)
        if not self._ours(settings):
            return had
        hooks = cast("Json", settings["hooks"])
        for event, groups in list(hooks.items()):
            kept: list[object] = []
            for group in cast("list[object]", groups):
                before = _hooks_of(group)
                after = [hook for hook in before if not self._is_ours(hook)]
                if len(after) == len(before):
                    kept.append(group)
                elif after:
                    kept.append({**cast("Json", group), "hooks": after})
            if kept or not groups:
                hooks[event] = kept
            else:
                del hooks[event]
        if not hooks:
            del settings["hooks"]
        return True

    def _parsed(self, raw: bytes | None) -> Json:
        """The settings in `raw`. Raises SettingsUnreadable with the line for whatever we could not put back."""
        if raw is None or not raw.strip():
            return {}
        try:
            value: object = json.loads(raw.decode("utf-8-sig"))
        except json.JSONDecodeError as error:
            raise SettingsUnreadable(f"{self.path}, line {error.lineno}: {error.msg}.") from error
        except (UnicodeDecodeError, RecursionError) as error:
            line = raw.count(b"\n", 0, error.start) + 1 if isinstance(error, UnicodeDecodeError) else 1
            raise SettingsUnreadable(f"{self.path}, line {line}: it is not JSON in UTF-8.") from error
        if not isinstance(value, dict):
            raise SettingsUnreadable(f"{self.path}, line 1: settings are an object in braces.")
        settings = cast("Json", value)
        self._check_hooks(settings, raw)
        return settings

    def _check_hooks(self, settings: Json, raw: bytes) -> None:
        hooks: object = settings.get("hooks", {})
        line = raw.count(b"\n", 0, max(raw.find(b'"hooks"'), 0)) + 1
        if not isinstance(hooks, dict):
            raise SettingsUnreadable(f"{self.path}, line {line}: `hooks` is not an object.")
        for event, groups in cast("Json", hooks).items():
            if not isinstance(groups, list):
                raise SettingsUnreadable(f"{self.path}, line {line}: `hooks.{event}` is not a list.")


def _variables(settings: Json) -> Json:
    """What is set under `env`; empty for a shape that we do not know and leave alone."""
    found: object = settings.get("env")
    return cast("Json", found) if isinstance(found, dict) else {}


def _our_variables(settings: Json) -> Json:
    """Those of them that are ours."""
    found = _variables(settings)
    names = str(found.get(OUR_VARIABLES, "")).split()
    return {name: found[name] for name in [*names, OUR_VARIABLES] if name in found}


def _take_out_variables(settings: Json) -> bool:
    ours = _our_variables(settings)
    if ours:
        rest = {name: value for name, value in _variables(settings).items() if name not in ours}
        settings["env"] = rest
        if not rest:
            del settings["env"]
    return bool(ours)


def _written(raw: bytes | None, settings: Json) -> bytes:
    """`settings` in the manner of the file as it was: its indent, its last line break."""
    first = next(
        (line for line in (raw or b"").decode("utf-8-sig").splitlines() if line[:1] in " \t" and line.strip()), "  "
    )
    indent = first[: len(first) - len(first.lstrip())]
    ending = "\n" if not raw or raw.endswith(b"\n") else ""
    return (json.dumps(settings, indent=indent, ensure_ascii=False) + ending).encode("utf-8", "surrogatepass")


def _group(matcher: str | None, hook: Json) -> Json:
    return {"hooks": [hook]} if matcher is None else {"matcher": matcher, "hooks": [hook]}


def _hooks_of(group: object) -> list[object]:
    """The hooks of one matcher's group; empty for a shape that we do not know and leave alone."""
    hooks = cast("Json", group).get("hooks") if isinstance(group, dict) else None
    return cast("list[object]", hooks) if isinstance(hooks, list) else []


def _sorted(entries: list[Entry]) -> list[Entry]:
    """In an order of their own, so that it does not matter where in the file they stand."""
    return sorted(entries, key=lambda entry: (entry[0], str(entry[1])))
