"""Where `tally` begins.

`tally mcp wrap` stands in an agent's configuration, and the agent waits for the server behind it: it goes straight
there, past everything that the other commands load. Whatever it does not know is left to the command line proper.
"""

import sys

from tallyward.cli import wrapper

WRAP = ["mcp", "wrap", "--server-name"]


def main() -> None:
    """Run one command."""
    if sys.argv[1:4] == WRAP:
        wrapper.become(sys.argv[3:])
    from tallyward.cli.main import main as run  # it loads what this file spares

    run()
