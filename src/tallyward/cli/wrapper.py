"""How the wrapper before an MCP server is started. Loads next to nothing, since an agent waits for it."""

import os
import sys

SCRIPT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "hooks", "mcp_wrap.py")  # noqa: PTH100, PTH118, PTH120  # pathlib is slow to import


def command(arguments: list[str]) -> list[str]:
    """The wrapper as a program starts it, with this very Python."""
    return [sys.executable, "-I", "-S", SCRIPT, *arguments]


def become(arguments: list[str]) -> None:
    """Be the wrapper from here on."""
    sys.stdout.flush()
    os.execv(sys.executable, command(arguments))  # noqa: S606  # the command line's own words, never through a shell
