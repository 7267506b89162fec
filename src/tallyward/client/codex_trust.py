"""Which of our hooks Codex runs: those that its user has trusted, each by the hash that Codex gives it.

Codex skips a hook that is new or has changed until somebody trusts it, in its `/hooks` or by an entry
`[hooks.state."KEY"]` in its `config.toml`, and says nothing when it does. Only Codex knows its hashes, so it is asked:
`codex app-server` lists the hooks with key, hash and verdict. What we write is that entry with that hash, at the end
of the file, each of our lines known by its mark; nothing else in the file is touched.
"""

import json
import subprocess
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any, cast

from tallyward import __version__
from tallyward.client.kept_file import KeptFile
from tallyward.errors import HooksUntrusted, SettingsUnreadable

ANSWER_SECONDS_MAX = 20.0  # it takes a fifth of a second, and some more right after an update
RUNNABLE = ("trusted", "managed")
MARK = " # tallyward"
_HEADER, _EXPORTER = "[hooks.state.", "[otel]"
_OURS = (_HEADER, _EXPORTER)


@dataclass(frozen=True)
class CodexHook:
    """One hook as Codex sees it."""

    key: str
    command: str
    hash: str
    verdict: str  # trusted, managed, untrusted or modified
    enabled: bool

    @property
    def runs(self) -> bool:
        """Whether Codex starts it."""
        return self.enabled and self.verdict in RUNNABLE


def listed(program: str, folder: Path) -> list[CodexHook]:
    """The hooks that Codex knows of in a folder. Raises HooksUntrusted if it does not tell."""
    about = {"clientInfo": {"name": "tallyward", "title": None, "version": __version__}}
    requests = [
        {"id": 1, "method": "initialize", "params": about},
        {"method": "initialized"},
        {"id": 2, "method": "hooks/list", "params": {"cwds": [str(folder)]}},
    ]
    try:
        answer = _ask([program, "app-server"], folder, requests, last_id=2)
        return [_hook(hook) for entry in answer["data"] for hook in entry["hooks"] if "command" in hook]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HooksUntrusted(f"{program} did not tell which hooks it trusts.") from error


def _ask(command: list[str], folder: Path, requests: list[dict[str, Any]], last_id: int) -> Any:
    """The result that the program gives to the last of these requests, a line of JSON each."""
    with subprocess.Popen(  # the program that its user works with
        command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        patience = Timer(ANSWER_SECONDS_MAX, process.kill)
        patience.start()
        try:
            assert process.stdin is not None  # noqa: S101  # both are pipes
            assert process.stdout is not None  # noqa: S101
            for request in requests:
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()
            for line in process.stdout:
                answer = json.loads(line)
                if answer.get("id") == last_id:
                    return answer["result"]
        finally:
            patience.cancel()
            with suppress(OSError):
                process.kill()
    raise ValueError("it ended without an answer")


def _hook(told: Mapping[str, Any]) -> CodexHook:
    return CodexHook(
        key=str(told["key"]),
        command=str(told["command"]),
        hash=str(told["currentHash"]),
        verdict=str(told["trustStatus"]),
        enabled=told.get("enabled") is not False,
    )


class TrustEntries:
    """Our entries in Codex's `config.toml`, and its backup under `root`, the laptop's folder.

    Those of whom it trusts, and the one that points its exporter at the relay.
    """

    def __init__(self, path: Path, root: str) -> None:
        self.file = KeptFile(path, root, "codex-trust")

    def put_in(self, hooks: list[CodexHook]) -> None:
        """Have Codex trust these hooks and no others of ours. Raises HooksUntrusted where that takes a person."""
        entries = "".join(
            f"{_HEADER}{_quoted(hook.key)}]{MARK}\ntrusted_hash = {_quoted(hook.hash)}\n" for hook in hooks
        )
        if not self._put(_HEADER, entries):
            raise HooksUntrusted(f"{self.file.path} says otherwise of these hooks already.")

    def export_to(self, url: str | None) -> bool:
        """Point Codex's exporter at the relay, or no longer. False where the user has one already, which stays."""
        target = f'{{ otlp-http = {{ endpoint = "{url}/v1/logs", protocol = "json" }} }}'
        return self._put(_EXPORTER, f"{_EXPORTER}{MARK}\nexporter = {target}\n" if url else "")

    def exports(self) -> bool:
        """Whether our entry for the exporter is there."""
        return _without_ours(self._text(self.file.read()), _EXPORTER) != self._text(self.file.read())

    def _put(self, header: str, entries: str) -> bool:
        """Put entries in the place of ours under that header. False if the file then said a thing twice."""
        raw = self.file.read()
        text = self._text(raw)
        others = _without_ours(text, header)
        gap = "" if not others or others.endswith("\n") or not entries else "\n"
        whole = others + gap + entries
        try:
            tomllib.loads(whole)
        except tomllib.TOMLDecodeError:
            return False
        rest = _without_ours(text)
        if whole == rest:
            self.take_out()
        elif whole.encode() != raw:
            self.file.change(raw, whole.encode(), None if raw is None else rest.encode())
        return True

    def take_out(self) -> bool:
        """Remove our entries: the original bytes if nobody else has touched the file. Whether there were any."""
        raw = self.file.read()
        if self.file.restore(raw):
            return True
        text = self._text(raw)
        rest = _without_ours(text)
        if rest == text:
            return False
        self.file.leave(rest.encode())
        return True

    def _text(self, raw: bytes | None) -> str:
        try:
            text = (raw or b"").decode()
            tomllib.loads(text)
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsUnreadable(f"{self.file.path}: {error}.") from error
        return text


def recorded(config: Path) -> set[str]:
    """The keys of the hooks that somebody has trusted at some time, in whatever form they had then."""
    try:
        settings: dict[str, Any] = tomllib.loads(config.read_text())
    except (OSError, ValueError):
        return set()
    state: object = settings.get("hooks", {}).get("state") if isinstance(settings.get("hooks"), dict) else None
    entries = cast("dict[str, Any]", state) if isinstance(state, dict) else {}
    return {key for key, entry in entries.items() if isinstance(entry, dict) and "trusted_hash" in entry}


def _quoted(value: str) -> str:
    """A string of TOML; JSON's are the same but for what it writes in pairs."""
    return json.dumps(value, ensure_ascii=False)


def _without_ours(text: str, header: str = "[") -> str:
    """The text without our entries: each goes from its marked line to the next that is not part of it."""
    kept: list[str] = []
    ours = False
    for line in text.splitlines(keepends=True):
        if line.startswith(("[", "#")) or not line.strip():
            ours = line.startswith(header) and line.startswith(_OURS) and line.rstrip().endswith(MARK)
        if not ours:
            kept.append(line)
    return "".join(kept)
