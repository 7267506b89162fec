"""Our hooks in other places than somebody's own settings: those of a managed machine, and our plugin.

Nobody can turn a managed hook off, and Codex trusts one without asking.
"""

import json
import tomllib
from pathlib import Path
from typing import Any

from tallyward.cli.programs import CLAUDE, CODEX, AgentProgram

CLAUDE_FOLDERS = (Path("/etc/claude-code"), Path("/Library/Application Support/ClaudeCode"))
PLUGIN = "tallyward"
CODEX_FILES = (Path("/etc/codex/requirements.toml"),)


def claude(server: str | None = None) -> str:
    """Managed settings of Claude Code."""
    surroundings = {"env": {"TALLY_SERVER": server}} if server else {}
    return json.dumps({**surroundings, "hooks": CLAUDE.wiring.hooks(CLAUDE.command())}, indent=2) + "\n"


def codex() -> str:
    """Requirements of Codex."""
    parts = ["[hooks]\n"]
    for event, matcher, hook in CODEX.wiring.entries(CODEX.command()):
        rule = f"matcher = {_quoted(matcher)}\n" if matcher is not None else ""
        parts.append(
            f"[[hooks.{event}]]\n{rule}\n[[hooks.{event}.hooks]]\n"
            f"type = {_quoted(hook['type'])}\ncommand = {_quoted(hook['command'])}\ntimeout = {hook['timeout']}\n"
        )
    return "\n".join(parts)


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def everything(server: str | None = None) -> str:
    """Both, each with where it belongs and what it takes."""
    return f"""# Claude Code: managed-settings.json, or a file of its own in managed-settings.d, in {CLAUDE_FOLDERS[0]}
# or, on macOS, in {CLAUDE_FOLDERS[1]}. `tally connect claude --managed` prints it alone.
# With "allowManagedHooksOnly": true Claude Code runs these and no hooks of users, repositories or plugins.

{claude(server)}
# Codex: {CODEX_FILES[0]}. `tally connect codex --managed` prints it alone.
# Codex trusts these without asking. With allow_managed_hooks_only = true above [hooks] it runs no others.

{codex()}
# The hooks start this Python and this installation of Tallyward; install both at the same place everywhere.
# Each machine still needs its own token: `tally connect --all --server ADDRESS --token TOKEN`, or TALLY_SERVER and
# TALLY_TOKEN where the agents are started.
"""


def files(program: AgentProgram) -> list[Path]:
    """The managed settings of a program on this machine, whether or not they are ours."""
    if program is CLAUDE:
        named = [folder / "managed-settings.json" for folder in CLAUDE_FOLDERS]
        named += [file for folder in CLAUDE_FOLDERS for file in sorted(folder.glob("managed-settings.d/*.json"))]
    else:
        named = list(CODEX_FILES)
    return [file for file in named if file.is_file()]


def read(file: Path) -> dict[str, Any]:
    """What settings say; nothing if they cannot be read."""
    if not file.is_file():
        return {}
    try:
        text = file.read_text(encoding="utf-8-sig")
        found: object = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType]  # keys are text


def plugin_hooks() -> str:
    """The hooks of our plugin for Claude Code, which knows no installation."""
    return json.dumps({"hooks": CLAUDE.wiring.hooks(CLAUDE.wiring.launched())}, indent=2) + "\n"


def elsewhere(program: AgentProgram) -> tuple[Path, str] | None:
    """What starts our hooks already without the user's own settings, and a word for what it is."""
    place = holding(program)
    if place is not None:
        return place, "which is managed for you"
    plug = plugging_in() if program is CLAUDE else None
    return None if plug is None else (plug, "which turns our plugin on")


def plugging_in() -> Path | None:
    """The settings that turn our plugin for Claude Code on."""
    named = [CLAUDE.user_settings().path, CLAUDE.project_settings().path, *files(CLAUDE)]
    return next((file for file in named if _is_plugging_in(read(file).get("enabledPlugins"))), None)


def _is_plugging_in(plugins: object) -> bool:
    listed: dict[str, object] = plugins if isinstance(plugins, dict) else {}  # pyright: ignore[reportUnknownVariableType]
    return any(name.startswith(f"{PLUGIN}@") and on is True for name, on in listed.items())


def holding(program: AgentProgram) -> Path | None:
    """The managed settings that start our hooks already."""
    return next((file for file in files(program) if program.wiring.mark in json.dumps(read(file))), None)
