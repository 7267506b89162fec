"""Our hooks in a settings file of Claude Code: put in beside what is there, taken out without a trace.

The file belongs to its user. It is read strictly, changed only where our own entries are, written whole or not at all,
and its original bytes are kept. If nobody else has changed it since, taking our hooks out gives exactly those bytes
back; otherwise only our entries go.
"""

import base64
import hashlib
import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from tallyward.client import home
from tallyward.errors import SettingsUnreadable

# After this the agent gives up on the hook; it never takes a tenth of it (`hooks/claude_code.py`).
TIMEOUT_SECONDS = 5
_MARK = "tallyward/hooks/claude_code.py"

State = Literal["connected", "stale", "absent"]
Json = dict[str, Any]
Entry = tuple[str, str | None, Json]  # event, matcher, hook


def command(python: str, script: Path) -> str:
    """The shell command of a hook.

    It cannot fail: Python ends with 2 when a script is gone, and a 2 would make the agent refuse its user's work.
    """
    return f"{shlex.quote(python)} -I -S {shlex.quote(str(script))} 2>/dev/null || :"


def user_file(environ: Mapping[str, str]) -> Path:
    """The user's own settings, wherever CLAUDE_CONFIG_DIR says."""
    folder = environ.get("CLAUDE_CONFIG_DIR")
    return Path(folder).expanduser().absolute() / "settings.json" if folder else Path.home() / ".claude/settings.json"


@dataclass
class Backup:
    """The file as it was, and the digest of what we made of it."""

    path: str
    original: str | None = None
    written_digest: str = ""
    made_folders: list[str] = field(default_factory=list[str])


class ClaudeSettings:
    """One settings file and its backup under `root`, the laptop's folder."""

    def __init__(self, path: Path, root: str, events: Mapping[str, str | None]) -> None:
        self.path = Path(os.path.realpath(path))  # a link stays a link; its target is what is changed
        self.root = root
        self.events = events
        name = hashlib.sha256(str(self.path).encode()).hexdigest()[:16]
        self.backup_path = Path(root) / "backups" / f"claude-{name}.json"

    def state(self, wanted: str) -> State:
        """Whether our hooks are there, as `wanted`, or there in another form."""
        found = _ours(self._parsed(self._bytes()))
        if not found:
            return "absent"
        return "connected" if _sorted(found) == self._expected(wanted) else "stale"

    def commands(self) -> list[str]:
        """The commands of our hooks that stand in the file."""
        return sorted({str(hook["command"]) for _, _, hook in _ours(self._parsed(self._bytes()))})

    def put_in(self, wanted: str) -> bool:
        """Add or renew our hooks. Whether the file had to change."""
        raw = self._bytes()
        settings = self._parsed(raw)
        if _sorted(_ours(settings)) == self._expected(wanted):
            return False
        backup = self._backup()
        if backup is None or _digest(raw) != backup.written_digest:
            rest = self._written(raw, settings) if _take_out(settings) else raw
            backup = Backup(str(self.path), None if rest is None else base64.b64encode(rest).decode())
        else:
            _take_out(settings)
        hooks = settings.setdefault("hooks", {})
        for event, matcher, hook in self._expected(wanted):
            group = {"hooks": [hook]} if matcher is None else {"matcher": matcher, "hooks": [hook]}
            hooks.setdefault(event, []).append(group)
        backup.made_folders += self._make_folders()
        content = self._written(raw, settings)
        backup.written_digest = _digest(content)
        self._keep(backup)
        self._replace(content)
        return True

    def take_out(self) -> bool:
        """Remove our hooks: the original bytes if nobody else has touched the file. Whether there was anything."""
        raw = self._bytes()
        backup = self._backup()
        if backup is not None and _digest(raw) == backup.written_digest:
            self._restore(backup)
        else:
            settings = self._parsed(raw)
            if not _take_out(settings):
                return False
            self._replace(self._written(raw, settings))
        self.backup_path.unlink(missing_ok=True)
        return True

    def _expected(self, wanted: str) -> list[Entry]:
        hook: Json = {"type": "command", "command": wanted, "timeout": TIMEOUT_SECONDS}
        return _sorted([(event, matcher, hook) for event, matcher in self.events.items()])

    def _bytes(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SettingsUnreadable(f"{self.path} cannot be read: {error.strerror}.") from error

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

    def _written(self, raw: bytes | None, settings: Json) -> bytes:
        """`settings` in the manner of the file as it was: its indent, its last line break."""
        first = next(
            (line for line in (raw or b"").decode("utf-8-sig").splitlines() if line[:1] in " \t" and line.strip()), "  "
        )
        indent = first[: len(first) - len(first.lstrip())]
        ending = "\n" if not raw or raw.endswith(b"\n") else ""
        return (json.dumps(settings, indent=indent, ensure_ascii=False) + ending).encode("utf-8", "surrogatepass")

    def _make_folders(self) -> list[str]:
        """The folders that had to be made for the file, innermost first."""
        made = [str(folder) for folder in self.path.parents if not folder.exists()]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsUnreadable(f"{self.path.parent} cannot be made: {error.strerror}.") from error
        return made

    def _replace(self, content: bytes) -> None:
        """Put `content` in the file's place, whole or not at all, with the mode it had."""
        aside = self.path.with_name(f".{self.path.name}.{os.getpid()}.new")
        try:
            if self.path.exists() and not os.access(self.path, os.W_OK):
                raise PermissionError(None, "it is read-only")
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if self.path.exists():
                aside.chmod(self.path.stat().st_mode & 0o7777)
            aside.replace(self.path)
        except OSError as error:
            aside.unlink(missing_ok=True)
            raise SettingsUnreadable(f"{self.path} cannot be written: {error.strerror}.") from error

    def _backup(self) -> Backup | None:
        try:
            return Backup(**json.loads(self.backup_path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None  # None was made, or it is broken: then only our entries are taken out.

    def _keep(self, backup: Backup) -> None:
        home.make_folder(self.root, "backups")
        home.write_object(str(self.backup_path), asdict(backup))

    def _restore(self, backup: Backup) -> None:
        if backup.original is not None:
            self._replace(base64.b64decode(backup.original))
            return
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise SettingsUnreadable(f"{self.path} cannot be removed: {error.strerror}.") from error
        for folder in backup.made_folders:
            try:
                Path(folder).rmdir()
            except OSError:
                return  # Somebody has put something into it since: it stays.


def _digest(raw: bytes | None) -> str:
    return "none" if raw is None else hashlib.sha256(raw).hexdigest()


def _is_ours(hook: object) -> bool:
    return isinstance(hook, dict) and _MARK in str(cast("Json", hook).get("command", ""))


def _hooks_of(group: object) -> list[object]:
    """The hooks of one matcher's group; empty for a shape that we do not know and leave alone."""
    hooks = cast("Json", group).get("hooks") if isinstance(group, dict) else None
    return cast("list[object]", hooks) if isinstance(hooks, list) else []


def _ours(settings: Json) -> list[Entry]:
    """Event, matcher and entry of every hook of ours."""
    return [
        (event, cast("Json", group).get("matcher"), cast("Json", hook))
        for event, groups in cast("Json", settings.get("hooks", {})).items()
        for group in cast("list[object]", groups)
        for hook in _hooks_of(group)
        if _is_ours(hook)
    ]


def _sorted(entries: list[Entry]) -> list[Entry]:
    """In an order of their own, so that it does not matter where in the file they stand."""
    return sorted(entries, key=lambda entry: (entry[0], str(entry[1])))


def _take_out(settings: Json) -> bool:
    """Remove our entries, and what would be left empty by that. Whether there were any."""
    if not _ours(settings):
        return False
    hooks = cast("Json", settings["hooks"])
    for event, groups in list(hooks.items()):
        kept: list[object] = []
        for group in cast("list[object]", groups):
            before = _hooks_of(group)
            after = [hook for hook in before if not _is_ours(hook)]
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
