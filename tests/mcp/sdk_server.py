"""An MCP server made with the official SDK: it answers, fails, reports progress, sleeps, and asks back."""

import sys
from typing import Annotated

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver import Context, Elicit, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel

server = MCPServer("probe", log_level="ERROR")


class Seats(BaseModel):
    seats: int


@server.tool()
def echo(text: str) -> str:
    return text


@server.tool()
def fail() -> str:
    raise ToolError("canary-failure")


@server.tool()
async def work(context: Context) -> str:
    await context.report_progress(1, 2)
    return "done"


@server.tool()
async def sleep() -> str:
    await anyio.sleep_forever()
    return "never"


async def asked() -> Elicit[Seats]:
    return Elicit("How many?", Seats)


@server.tool()
def book(answer: Annotated[Seats, Resolve(asked)]) -> str:
    return f"{answer.seats} seats"


if sys.argv[1:] == ["http"]:
    import asyncio
    import socket

    import uvicorn

    listening = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    config = uvicorn.Config(server.streamable_http_app(), log_level="error", lifespan="on")
    asyncio.run(uvicorn.Server(config).serve([listening]))
else:
    server.run()
