"""What of an agent program goes to the relay on this machine, decided by `tally connect` and undone by its opposite.

A program's exporter is pointed at the relay only if its user points it nowhere else. Claude Code's frequent hooks go
there over HTTP only where they cannot end elsewhere: it sends them by way of a proxy if one is set and loopback is not
exempt, and what a proxy gets has left the machine.
"""

import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from tallyward.cli import codex_hooks, laptop, managed, relay
from tallyward.cli.programs import CLAUDE, CODEX, AgentProgram
from tallyward.client import relay_start
from tallyward.errors import PortInUse

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
EXEMPT = ("127.0.0.1", "127.0.0.0/8", "*")


def settle(program: AgentProgram, wanted: bool | None) -> str:
    """Let a program use the relay, or no longer; None leaves it as it is. What there is to say about that."""
    root = laptop.root()
    known = relay_start.read(root)
    before = [use for use in known.uses if use.startswith(f"{program.name} ")] if known else []
    if wanted is None:
        wanted = bool(before)
    if not wanted:
        if before and known:
            _leave(program, root, known)
        return ""
    settings = relay.settled(root)
    word = relay_start.ensure(root, settings, os.environ)
    if word is None:
        settings = relay.settled(root, relay.free_port())  # another program has taken the port meanwhile
        word = relay_start.ensure(root, settings, os.environ)
    if word is None:
        raise PortInUse("The relay could not open its port.")
    uses, said = (_claude if program is CLAUDE else _codex)(settings.url)
    others = [use for use in settings.uses if not use.startswith(f"{program.name} ")]
    settings = relay_start.Settings(settings.port, settings.idle_minutes, (*others, *uses))
    relay_start.write(root, settings)
    takes = [f"The relay of this machine, {settings.url}, takes {_listed(uses)}."] if uses else []
    return "".join(f"{line}\n" for line in (*takes, *said))


def _listed(uses: list[str]) -> str:
    words = {"hooks": "its hooks at each call", "exports": "its telemetry"}
    return " and ".join(words[use.rpartition(" ")[2]] for use in uses)


def _claude(_url: str) -> tuple[list[str], list[str]]:
    uses: list[str] = []
    said: list[str] = []
    own = CLAUDE.user_settings().variables()
    everywhere = {**os.environ, **own, **_managed_variables()}
    proxy = proxied(everywhere)
    limited = _limits_addresses()
    if managed.elsewhere(CLAUDE) is not None:
        return [], ["Its hooks are not in your own settings, so nothing there goes to the relay."]
    if proxy is not None:
        said.append(f"{proxy} is set and NO_PROXY does not name 127.0.0.1, so its hooks stay processes.")
    elif limited is not None:
        said.append(f"{limited} limits the addresses of hooks, so they stay processes.")
    else:
        uses.append("claude hooks")
    directed = directs_telemetry(everywhere)
    if directed is not None:
        said.append(f"Its telemetry goes where {directed} says; that was left alone.")
    else:
        uses.append("claude exports")
    return uses, said


def _codex(url: str) -> tuple[list[str], list[str]]:
    if codex_hooks.entries().export_to(url):
        return ["codex exports"], []
    return [], [f"Its telemetry goes where [otel] in {codex_hooks.config_file()} says; that was left alone."]


def directs_telemetry(variables: Mapping[str, Any]) -> str | None:
    """The variable by which telemetry goes somewhere of its owner's choice. What it may hold is another matter."""
    said = sorted(name for name, value in variables.items() if value not in {"", "none"})
    return next((name for name in said if name.startswith("OTEL_") and "EXPORTER" in name), None)


def proxied(variables: Mapping[str, Any]) -> str | None:
    """The variable by which requests to this very machine would go by way of a proxy."""
    found = {name.upper(): str(value) for name, value in variables.items() if name.upper() in (*PROXIES, "NO_PROXY")}
    exempt = {part.strip() for part in found.pop("NO_PROXY", "").split(",")}
    named = next((name for name in PROXIES if found.get(name)), None)
    return None if exempt.intersection(EXEMPT) else named


def _managed_variables() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for file in managed.files(CLAUDE):
        said: object = managed.read(file).get("env")
        found |= cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    return found


def _limits_addresses() -> Path | None:
    """The settings that let hooks go to some addresses only."""
    files = [CLAUDE.user_settings().path, *managed.files(CLAUDE)]
    return next((file for file in files if "allowedHttpHookUrls" in managed.read(file)), None)


def _leave(program: AgentProgram, root: str, known: relay_start.Settings) -> None:
    rest = tuple(use for use in known.uses if not use.startswith(f"{program.name} "))
    if program is CODEX:
        codex_hooks.entries().export_to(None)
    if rest:
        relay_start.write(root, relay_start.Settings(known.port, known.idle_minutes, rest))
        return
    Path(root, "relay.json").unlink(missing_ok=True)
    pid = running(root)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        print("The relay ends, since nothing uses it any more.")


def running(root: str) -> int | None:
    """The process of the relay, if there is one."""
    if not Path(root, "relay", "lock").exists():
        return None
    fd = relay_start.claim(root)
    if fd is not None:
        os.close(fd)
        return None
    signed = relay_start.signed(root)
    return signed[0] if signed else None
