"""A whole server for browser tests: the real application on the real uvicorn and PostgreSQL, in a thread of its own."""

import asyncio
import json
import socket
import threading
import urllib.request
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import uvicorn

from tallyward.config import Settings
from tallyward.domain.tenant import DEFAULT_TENANT, SAMPLE_TENANT
from tallyward.ops import sample, sample_merges
from tallyward.redact import Secret
from tallyward.web.app import create_app
from tests.waiting import eventually

Answer = TypeVar("Answer")
START_SECONDS_MAX = 20.0
CALL_SECONDS_MAX = 20.0
SCOPES = {"engineer": ["capture", "read"], "lead": ["capture", "read"], "admin": ["admin"]}
FIRE = {"skill_name": "/start", "runtime": "claude-code-cli", "status": "success", "latency_ms": 1240}


class Site:
    """A running server and what a test needs of it."""

    def __init__(
        self, database_url: str, *, with_sample: bool = False, tenants_dir: Path | None = None, **options: Any
    ) -> None:
        self._with_sample = with_sample
        self.app = create_app(Settings(data_dir=Path("unused"), tenants_dir=tenants_dir), Secret(database_url))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        config = uvicorn.Config(self.app, lifespan="on", log_config=None, timeout_graceful_shutdown=5, **options)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="site")
        self._capture_token = ""

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve(sockets=[self._listener]))
        self._loop.close()

    def start(self) -> None:
        self._thread.start()
        eventually(lambda: self._server.started or not self._thread.is_alive(), START_SECONDS_MAX)
        self.wait_for(self.app.state.tenants.ensure(DEFAULT_TENANT))
        if self._with_sample:
            self.wait_for(self.app.state.tenants.ensure(SAMPLE_TENANT))
            self.wait_for(sample.fill(self.app.state.database))
            self.wait_for(sample_merges.fill(self.app.state.database))

    def stop(self) -> None:
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self.app.state.feed.close)
        self._server.should_exit = True
        self._thread.join(START_SECONDS_MAX)
        assert not self._thread.is_alive(), "the server did not stop"
        self._listener.close()

    def wait_for(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """The answer of `work`, done in the server's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS_MAX)

    def token(self, role: str, engineer: str = "thomas-c") -> str:
        """A new token of that role; an engineer's is bound to `engineer`."""
        bound = engineer if role == "engineer" else None
        made = self.app.state.tokens.create(
            DEFAULT_TENANT, name=f"{role}-laptop", scopes=SCOPES[role], engineer_id=bound, actor="tests"
        )
        return self.wait_for(made)[0].reveal()

    def trace(self, *rows: dict[str, Any]) -> None:
        """Posts fires as any capture path does; each row needs at least `engineer_id`."""
        self._capture_token = self._capture_token or self.token("lead")
        request = urllib.request.Request(  # noqa: S310  # the address is our own
            f"{self.url}/v1/trace",
            json.dumps([{**FIRE, **row} for row in rows]).encode(),
            {"content-type": "application/json", "authorization": f"Bearer {self._capture_token}"},
        )
        with urllib.request.urlopen(request, timeout=CALL_SECONDS_MAX) as answer:  # noqa: S310  # the same
            assert answer.status == 202


@contextmanager
def running(
    database_url: str, *, with_sample: bool = False, tenants_dir: Path | None = None, **options: Any
) -> Iterator[Site]:
    """A server on this database, until the end of the block. `options` are those of uvicorn."""
    site = Site(database_url, with_sample=with_sample, tenants_dir=tenants_dir, **options)
    site.start()
    try:
        yield site
    finally:
        site.stop()
