"""Several questions at once. When one of them fails, the others are given up, and its error is the error."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tallyward.errors import ForgeError


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
