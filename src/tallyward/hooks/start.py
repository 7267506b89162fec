"""How every hook starts: in a process that the agent waits for no longer than it has to.

It prints nothing and ends with 0, whatever happens, and within 200 ms: the process that the agent started only starts a
child and waits for it, so long and no longer. The child reads the event, filters it, puts what may be kept into the
spool, and lives on alone if a slow disk or a pipe that never closes holds it up. Its output is closed first: an agent
that waits for silence shall not wait for the child.
"""

import os
import select

from tallyward import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_SECONDS = 0.13  # the whole hook has 200 ms, and a busy machine takes some of them to start Python


def start(work: "Callable[[float], None]") -> None:
    """Have a child do the work; wait for its end, or for as long as the agent may be kept waiting.

    The work is told when the process began that the agent waits for, on the clock of `clock.elapsed_seconds`.
    """
    began = clock.process_began()
    reading, writing = os.pipe()  # its other end closes when the child ends or becomes the sender
    if os.fork() != 0:
        os.close(writing)
        select.select([reading], [], [], PATIENCE_SECONDS)
        return
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    work(began)
