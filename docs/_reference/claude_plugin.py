"""The plugin for Claude Code: wiring alone, from the same table of events as the hooks in somebody's settings."""

import json

from tallyward import __version__
from tallyward.cli import managed


def _manifest() -> str:
    about = {
        "name": managed.PLUGIN,
        "version": __version__,
        "description": "Records which skills, agents and tools are used, and nothing of what is said, run or written.",
        "license": "Apache-2.0",
    }
    return json.dumps(about, indent=2) + "\n"


# `hooks/hooks.json` is found by its name; a manifest that names it again is an error.
FILES = {".claude-plugin/plugin.json": _manifest, "hooks/hooks.json": managed.plugin_hooks}
