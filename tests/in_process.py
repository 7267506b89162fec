"""The whole application without a network: a call goes in as ASGI and its answer comes out, on a real PostgreSQL."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from tallyward.config import Settings
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.redact import Secret
from tallyward.web.app import create_app

ANSWER_SECONDS_MAX = 10.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class InProcess:
    """The application, started."""

    def __init__(self, app: Starlette) -> None:
        self.app = app

    async def token(self, scopes: Sequence[str], engineer: str | None = None, **facts: Any) -> str:
        """A new token of the default tenant."""
        secret, _ = await self.app.state.tokens.create(
            DEFAULT_TENANT, name="test", scopes=list(scopes), engineer_id=engineer, actor="tests", **facts
        )
        return secret.reveal()

    async def call(
        self, method: str, target: str, *, token: str | None = None, body: Any = None, **headers: str
    ) -> Answer:
        """The answer to one request. Of a stream that goes on, only what came with its beginning."""
        path, _, query = target.partition("?")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            named["authorization"] = f"Bearer {token}"
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
            "client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", 8787),
        }  # fmt: skip
        return await _Exchange(raw).run(self.app, scope)


class _Exchange:
    """One request and what is sent back."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._sent: list[dict[str, Any]] = []
        self._enough = asyncio.Event()

    async def run(self, app: Starlette, scope: dict[str, Any]) -> Answer:
        task = asyncio.create_task(app(scope, self._receive, self._send))
        enough = asyncio.create_task(self._enough.wait())
        async with asyncio.timeout(ANSWER_SECONDS_MAX):
            await asyncio.wait([task, enough], return_when=asyncio.FIRST_COMPLETED)
            enough.cancel()
            await task
        start, *parts = self._sent
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], headers, b"".join(part["body"] for part in parts))

    async def _receive(self) -> dict[str, Any]:
        if self._body is None:
            await self._enough.wait()
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def _send(self, message: Any) -> None:
        self._sent.append(message)
        if message["type"] == "http.response.body":
            self._enough.set()


@asynccontextmanager
async def application(database_url: str, **settings: Any) -> AsyncIterator[InProcess]:
    """The application on this database, with its default tenant, until the end of the block."""
    app = create_app(Settings(data_dir=Path("unused"), **settings), Secret(database_url))
    async with app.router.lifespan_context(app):
        await app.state.tenants.ensure(DEFAULT_TENANT)
        yield InProcess(app)
