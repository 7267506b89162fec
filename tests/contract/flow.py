"""Work items moved over the API, for tests of what follows from it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from tallyward import clock
from tests.in_process import Answer, InProcess, application

BEGIN = datetime.fromisoformat("2026-05-01T00:00:00Z")


class Flow:
    """A site, and the tokens to move work on it and to read of it."""

    def __init__(self, site: InProcess, mover: str, reader: str) -> None:
        self.site, self.mover, self.reader = site, mover, reader
        self._count = 0

    async def move(self, project: str, story: str, body: dict[str, Any], **headers: str) -> Answer:
        path = f"/v1/work-items/{project}/{story}/transitions"
        return await self.site.call("POST", path, token=self.mover, body=body, **headers)

    async def merge(
        self, attempts: int = 1, verdict: str | None = None, project: str = "web", minute: float | None = None,
        agent: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """One story merged, a minute after the one before unless told when."""
        self._count += 1
        at = BEGIN + timedelta(minutes=self._count if minute is None else minute)
        body = {"phase": "merged", "attempts": attempts, "verdict": verdict, "at": clock.iso(at), "agent": agent}
        answer = await self.move(project, f"S-{self._count}", body)
        assert answer.status == 202, answer.body
        return answer.json

    async def merges(self, marks: str, **facts: Any) -> None:
        """`.` is a first pass, `x` a second attempt, `c` a first pass after a rebase conflict."""
        for mark in marks:
            await self.merge(2 if mark == "x" else 1, "rebase_conflict" if mark == "c" else None, **facts)

    async def rates(self, project: str | None = None) -> dict[str, Any]:
        answer = await self.site.call(
            "GET", "/v1/rates" + (f"?project={project}" if project else ""), token=self.reader
        )
        assert answer.status == 200, answer.body
        return answer.json

    async def events(self, *kinds: str) -> list[dict[str, Any]]:
        """The events of these kinds, in order."""
        found, after = [], 0
        while True:
            page = (await self.site.call("GET", f"/v1/events?after={after}&limit=1000", token=self.reader)).json
            if not page["events"]:
                return [event for event in found if not kinds or event["kind"] in kinds]
            found, after = found + page["events"], page["next_after"]

    async def crossings(self) -> list[tuple[str, str, str]]:
        events = await self.events("metric.threshold_crossed")
        return [
            (event["payload"]["metric"], event["payload"]["scope"], event["payload"]["direction"]) for event in events
        ]


@asynccontextmanager
async def flowing(database_url: str, **settings: Any) -> AsyncIterator[Flow]:
    """A site of its own with nothing on it."""
    async with application(database_url, **settings) as site:
        yield Flow(site, await site.token(["dispatch"]), await site.token(["read"]))


def names(events: Iterable[dict[str, Any]]) -> list[str]:
    return [event["kind"] for event in events]
