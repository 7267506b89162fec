"""The official SDK's client and server do not notice the wrapper, whichever revision of the protocol they speak."""

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import ElicitResult

from tests.laptop import Laptop
from tests.waiting import eventually
from tests.wrapped_server import wrap_command

SERVER = Path(__file__).with_name("sdk_server.py")
LEGACY, MODERN = "2025-11-25", "2026-07-28"
MODES = {"legacy": LEGACY, MODERN: MODERN}


@pytest.fixture(params=MODES)
def mode(request) -> str:
    return request.param


def connected(laptop: Laptop, mode: str) -> Client:
    """A client of the wrapped server."""
    command, *arguments = wrap_command("probe", sys.executable, str(SERVER))
    parameters = StdioServerParameters(command=command, args=arguments, env=laptop.environ)

    async def answers(_context: Any, _asked: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"seats": 4})

    return Client(stdio_client(parameters), mode=mode, elicitation_callback=answers)


def rows(laptop: Laptop, many: int) -> dict[str, str]:
    def found() -> list[dict[str, Any]]:
        return [record["row"] for record in laptop.spooled()]

    eventually(lambda: len(found()) >= many, 20)
    return {row["skill_name"].removeprefix("mcp__probe__"): row["status"] for row in found()}


async def test_every_kind_of_answer_arrives_and_is_told_of_once(laptop, mode):
    async with connected(laptop, mode) as client:
        assert client.protocol_version == MODES[mode]
        assert {tool.name for tool in (await client.list_tools()).tools} == {"echo", "fail", "work", "sleep", "book"}
        large = 'é\n"\\' * 250_000
        assert (await client.call_tool("echo", {"text": large})).structured_content == {"result": large}
        assert (await client.call_tool("fail")).is_error
        heard = []

        async def note(progress: float, _total: float | None, _message: str | None) -> None:
            heard.append(progress)

        await client.call_tool("work", progress_callback=note)
        assert heard == [1]
        assert (await client.call_tool("book")).structured_content == {"result": "4 seats"}
    assert rows(laptop, 4) == {"echo": "success", "fail": "error", "work": "success", "book": "success"}
    assert len(laptop.spooled()) == 4
    assert b"canary" not in laptop.everything()


async def test_an_unknown_tool_is_an_error(laptop, mode):
    async with connected(laptop, mode) as client:
        with suppress(MCPError):  # or an error of the tool: that depends on the revision
            assert (await client.call_tool("nothing")).is_error
    assert rows(laptop, 1) == {"nothing": "error"}


async def test_a_call_that_the_client_gives_up_is_abandoned(laptop, mode):
    async with connected(laptop, mode) as client:
        with anyio.move_on_after(0.2):
            await client.call_tool("sleep")
        assert (await client.call_tool("echo", {"text": "x"})).structured_content == {"result": "x"}
    assert rows(laptop, 2) == {"sleep": "abandoned", "echo": "success"}


async def test_many_calls_at_once_are_told_apart(laptop, mode):
    async with connected(laptop, mode) as client, anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(
                client.call_tool, "echo" if number % 2 else "fail", {"text": str(number)} if number % 2 else {}
            )
    rows(laptop, 50)
    statuses = [record["row"]["status"] for record in laptop.spooled()]
    assert (statuses.count("success"), statuses.count("error")) == (25, 25)
    assert len({record["row"]["fire_key"] for record in laptop.spooled()}) == 50
