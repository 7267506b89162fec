"""Several questions at once. When one of them fails, the others are given up, and its error is the error."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from tallyward.errors import ForgeError

IN_A_TURN = 4  # pull requests that are read at once, of some seven questions each
Result = TypeVar("Result")


@asynccontextmanager
async def together() -> AsyncGenerator[asyncio.TaskGroup]:
    """A group of tasks, as asyncio's own, that raises one error of a forge instead of a group that holds it."""
    failed: ForgeError | None = None
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except* ForgeError as errors:
        failed = next(each for each in errors.exceptions if isinstance(each, ForgeError))
    if failed is not None:
        raise failed


async def in_turns(questions: Sequence[Callable[[], Awaitable[Result]]]) -> list[Result]:
    """The answers to all, in order, a few at a time."""
    found: list[Result] = []

    async def answered(question: Callable[[], Awaitable[Result]]) -> Result:
        return await question()

    for begin in range(0, len(questions), IN_A_TURN):
        async with together() as group:
            tasks = [group.create_task(answered(each)) for each in questions[begin : begin + IN_A_TURN]]
        found += [task.result() for task in tasks]
    return found
