"""The plugin for Claude Code: wiring alone. Its hooks come from the same table of events as those of somebody's own
settings, its MCP server is `tally mcp` of the machine.
"""

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


START = r"""# Starts `tally mcp` of this machine: of the installation that was connected, else of the one on the PATH.
left="${TALLY_HOME:-$HOME/.tally}/hooks/mcp"
[ -r "$left" ] && . "$left"
command -v tally >/dev/null 2>&1 && exec tally mcp
echo "tally: Tallyward is not on this machine. Run \`pip install 'tallyward[mcp]'\`, then \`tally connect claude\`." >&2
exit 127
"""


def _servers() -> str:
    ours = {"command": "sh", "args": ["${CLAUDE_PLUGIN_ROOT}/mcp/start.sh"]}
    return json.dumps({"mcpServers": {managed.PLUGIN: ours}}, indent=2) + "\n"


def _start() -> str:
    return START


# `hooks/hooks.json` and `.mcp.json` are found by their names; a manifest that names hooks again is an error.
FILES = {
    ".claude-plugin/plugin.json": _manifest,
    "hooks/hooks.json": managed.plugin_hooks,
    ".mcp.json": _servers,
    "mcp/start.sh": _start,
}
