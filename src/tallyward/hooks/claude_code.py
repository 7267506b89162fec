"""The program that Claude Code starts at each event: `python -I -S claude_code.py`, the event on standard input.

It prints nothing and ends with 0, whatever happens, and within 200 ms: this process only starts a child and waits for
it, so long and no longer. The child reads the event, filters it, puts what may be kept into the spool, and lives on
alone if a slow disk or a pipe that never closes holds it up. Its output is closed first: an agent that waits for
silence shall not wait for the child.

Scripts are compiled anew at each start, so the work is in modules (`fire.py`), whose byte code is kept.
"""

import os
import select
import sys

PATIENCE_SECONDS = 0.13  # the whole hook has 200 ms, and a busy machine takes some of them to start Python


def start() -> None:
    """Run the child and wait for its end, or for as long as the agent may be kept waiting."""
    reading, writing = os.pipe()  # its other end closes when the child ends or becomes the sender
    if os.fork() != 0:
        os.close(writing)
        select.select([reading], [], [], PATIENCE_SECONDS)
        return
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120
    from tallyward.hooks import fire

    fire.run()


if __name__ == "__main__":
    try:  # noqa: SIM105  # contextlib is slow to import
        start()
    except BaseException:  # noqa: BLE001, S110  # nobody handles it: to be silent here is the promise
        pass
    os._exit(0)
