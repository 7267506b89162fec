"""An inbox in process: deliveries sent to it, what the ledger holds of them, and waiting until they are processed."""

import asyncio
import json
from typing import Any, LiteralString

import psycopg
from cryptography.fernet import Fernet

from tallyward import clock
from tallyward.redact import Secret
from tests.in_process import InProcess
from tests.webhook_examples import SECRET, github

KEY = Secret(Fernet.generate_key().decode())
PATH = "/tenants/default/webhook"
SETTLED_SECONDS = 20.0


async def add_secret(server: InProcess, tenant: str = "default", secret: str = SECRET, **facts: Any) -> int:
    """The number of a secret that signs for this tenant now."""
    await server.app.state.tenants.ensure(tenant)
    facts = {"name": "hook", "expires_at": None, **facts}
    _, made = await server.app.state.inbox.secrets.add(tenant, secret=Secret(secret), actor="tests", **facts)
    return made.id


async def deliver(server: InProcess, payload: Any, event: str = "pull_request", path: str = PATH, **how: Any) -> Any:
    """The answer to one delivery, signed as GitHub does unless its `headers` are given."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = how.pop("headers", None) or github(event, body, **how)
    return await server.call("POST", path, body=body, **headers)


async def rows(server: InProcess, query: LiteralString) -> list[tuple[Any, ...]]:
    """What a query of the ledger's owner gives, or changes, as the default tenant."""
    async with await psycopg.AsyncConnection.connect(server.app.state.database.url.reveal()) as connection:
        await connection.execute("SELECT set_config('tally.tenant', 'default', false)")
        cursor = await connection.execute(query)
        return await cursor.fetchall() if cursor.description else []


async def settled(server: InProcess) -> None:
    """Waits until nothing waits."""
    deadline = clock.elapsed_seconds() + SETTLED_SECONDS
    while await rows(server, "SELECT 1 FROM deliveries WHERE state = 'waiting'"):
        assert clock.elapsed_seconds() < deadline
        await asyncio.sleep(0.02)
