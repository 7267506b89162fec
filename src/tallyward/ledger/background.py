"""Work on the database that no request waits for, and an end to it that waits for no database.

Cancelling a statement asks the database to stop it, and the driver waits up to ten seconds for that. Cancelled once
more, it hangs up instead. A server that is told to stop has not got ten seconds for a database that hangs.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

HANG_UP_SECONDS = 0.2  # for a database to stop what it was asked to stop


async def hang_up(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Ends tasks that work on the database: politely first, then by cutting their connections."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=HANG_UP_SECONDS)


class Background:
    """Tasks that are held until they are done. Whoever starts one handles its errors, or does not mind them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that it is not logged as forgotten

    async def idle(self) -> None:
        """Waits until nothing is under way."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def end(self) -> None:
        """Ends what is under way."""
        await hang_up(self._tasks)
