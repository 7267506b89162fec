import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tallyward.errors import Busy, LedgerUnavailable
from tallyward.web import live
from tallyward.web.live import Feed, LiveStream, Timing

WAIT_SECONDS_MAX = 5.0
QUICK = Timing(pace=0.05, heartbeat=60.0)
NEVER = "never seen"


async def nothing() -> AsyncIterator[str]:
    """Changes of a ledger in which nothing happens."""
    await asyncio.Event().wait()
    yield ""


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


class Client:
    """The other end of a stream: takes what is sent, until it goes or stops reading."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.leaves = asyncio.Event()
        self.reads = True

    async def receive(self) -> dict[str, Any]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if not self.reads:
            await asyncio.Event().wait()
        await self.sent.put(message)

    async def next_text(self) -> str:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            return (await self.sent.get()).get("body", b"").decode()

    async def next_event(self) -> str:
        """The next thing that is no comment."""
        while not (text := await self.next_text()).startswith("event:"):
            continue
        return text


@asynccontextmanager
async def following(
    feed: Feed, *, seen: str = "", allowed: Callable[[], Awaitable[bool]] = yes
) -> AsyncIterator[tuple[Client, asyncio.Task[None]]]:
    client = Client()
    stream = LiveStream(feed, "mine", seen=seen or feed.mark("mine"), still_allowed=allowed)
    task = asyncio.create_task(stream({"type": "http"}, client.receive, client.send))
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        assert (await client.sent.get())["status"] == 200
        assert (await client.sent.get())["body"].startswith(b":")
    try:
        yield client, task
    finally:
        client.leaves.set()
        await asyncio.wait_for(task, WAIT_SECONDS_MAX)
        assert feed.followers == 0


async def test_a_page_that_missed_something_is_told_at_once():
    async with following(Feed(nothing, QUICK), seen=NEVER) as (client, _):
        assert (await client.next_event()).startswith("event: changed\nid: ")


async def test_a_change_is_told_with_the_mark_it_leads_to():
    feed = Feed(nothing, QUICK)
    async with following(feed) as (client, _):
        feed.changed("mine")
        assert await client.next_event() == f"event: changed\nid: {feed.mark('mine')}\ndata: {feed.mark('mine')}\n\n"


async def test_five_hundred_viewers_of_one_page_are_all_told_of_one_change():
    feed = Feed(nothing, QUICK)
    viewers = [Client() for _ in range(500)]
    streams = [LiveStream(feed, "mine", seen=feed.mark("mine"), still_allowed=yes) for _ in viewers]
    tasks = [
        asyncio.create_task(stream({"type": "http"}, viewer.receive, viewer.send))
        for stream, viewer in zip(streams, viewers, strict=True)
    ]
    for viewer in viewers:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            assert (await viewer.sent.get())["status"] == 200
    assert feed.followers == 500
    feed.changed("mine")
    told = await asyncio.gather(*(viewer.next_event() for viewer in viewers))
    feed.close()
    await asyncio.wait_for(asyncio.gather(*tasks), WAIT_SECONDS_MAX)

    assert set(told) == {f"event: changed\nid: {feed.mark('mine')}\ndata: {feed.mark('mine')}\n\n"}
    assert feed.followers == 0


async def test_a_thousand_changes_are_two_events_and_the_last_one_is_not_lost():
    feed = Feed(nothing, QUICK)
    async with following(feed) as (client, _):
        feed.changed("mine")
        first = await client.next_event()
        for _number in range(1_000):
            feed.changed("mine")
        second = await client.next_event()
        assert first != second
        assert f"id: {feed.mark('mine')}\n" in second
        feed.changed("mine")
        assert f"id: {feed.mark('mine')}\n" in await client.next_event(), "nothing stood between"


async def test_what_happens_to_other_tenants_is_not_told():
    feed = Feed(nothing, Timing(pace=0.01, heartbeat=0.02))
    async with following(feed) as (client, _):
        feed.changed("other")
        told = [await client.next_text() for _ in range(3)]
        assert all(text.startswith(":") for text in told), told


async def test_after_a_gap_everyone_looks_again():
    feed = Feed(nothing, QUICK)
    async with following(feed) as (client, _):
        feed.changed("")
        assert f"id: {feed.mark('mine')}\n" in await client.next_event()


async def test_a_stream_ends_when_its_token_does_even_while_changes_keep_coming():
    feed = Feed(nothing, Timing(pace=0.001, heartbeat=0.05))
    async with following(feed, allowed=no) as (_, task), asyncio.timeout(WAIT_SECONDS_MAX):
        while not task.done():
            feed.changed("mine")
            await asyncio.wait([task], timeout=0.001)
        assert feed.followers == 0


async def test_a_closing_server_ends_every_stream_properly():
    feed = Feed(nothing, QUICK)
    async with following(feed) as (client, task):
        feed.close()
        await asyncio.wait_for(asyncio.shield(task), WAIT_SECONDS_MAX)
        assert (await client.sent.get()) == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_a_client_that_never_reads_is_let_go():
    feed = Feed(nothing, Timing(pace=0.01, heartbeat=60.0, send=0.05))
    async with following(feed) as (client, task):
        client.reads = False
        feed.changed("mine")
        await asyncio.wait_for(asyncio.shield(task), WAIT_SECONDS_MAX)
        assert feed.followers == 0


async def test_a_client_that_leaves_is_forgotten():
    feed = Feed(nothing, QUICK)
    async with following(feed) as (client, task):
        client.leaves.set()
        await asyncio.wait_for(asyncio.shield(task), WAIT_SECONDS_MAX)
        assert feed.followers == 0


async def test_no_stream_is_for_ever():
    async with following(Feed(nothing, Timing(heartbeat=0.01, whole=0.05))) as (_, task):
        await asyncio.wait_for(asyncio.shield(task), WAIT_SECONDS_MAX)
        assert task.done()


async def test_a_lost_database_is_listened_to_again():
    asked = 0

    async def changes() -> AsyncIterator[str]:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise LedgerUnavailable
        yield ""
        yield "mine"
        await asyncio.Event().wait()

    feed = Feed(changes, Timing(relisten=0.01))
    before = feed.mark("mine")
    task = asyncio.create_task(feed.run())
    async with following(feed, seen=before) as (client, _):
        while f"id: {before.removesuffix('.0.0')}.1.1\n" not in await client.next_event():
            continue
        assert asked == 2
    task.cancel()
    await asyncio.wait([task])


async def test_a_server_that_follows_for_as_many_pages_as_it_can_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "STREAMS_MAX", 1)
    feed = Feed(nothing, QUICK)
    with feed.follow("mine"), pytest.raises(Busy):
        feed.require_room()
    feed.require_room()
    assert feed.followers == 0


@pytest.mark.parametrize("steps", range(12))
async def test_a_stream_ends_whatever_it_was_doing_when_the_server_closed(steps: int):
    feed, client = Feed(nothing, QUICK), Client()
    stream = LiveStream(feed, "mine", seen=NEVER, still_allowed=yes)
    task = asyncio.create_task(stream({"type": "http"}, client.receive, client.send))
    for _step in range(steps):
        await asyncio.sleep(0)
    feed.close()
    await asyncio.wait_for(task, WAIT_SECONDS_MAX)
    assert feed.followers == 0
