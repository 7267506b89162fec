"""A real `tally serve` in a process of its own: started on a free port, asked over real HTTP, killed at will.

`serving(data_dir)` starts one on an embedded PostgreSQL of its own, `serving(data_dir, database=url)` on a database
that is there already, which is quicker. Nothing of the caller's environment reaches the server but what is named.
"""

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString, Self

import psycopg

from tallyward.ledger import embedded
from tallyward.ledger.database import Database
from tallyward.redact import Secret
from tallyward.services.tenants import Tenants
from tallyward.services.tokens import Tokens
from tests.waiting import eventually

TALLY = str(Path(sys.executable).with_name("tally"))
START_SECONDS_MAX = 60.0
CALL_SECONDS_MAX = 30.0
_ADDRESS_LINE = "Tallyward serves on http://"


@dataclass(frozen=True)
class Reply:
    """An answer of the server."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error in the one shape; fails the test when it is not of that shape."""
        error = self.json["error"]
        assert {"code", "message", "retryable", "docs"} <= set(error), error
        assert set(error) <= {"code", "message", "retryable", "docs", "remedy", "field", "index"}, error
        return error


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a command of ours needs of the environment, and nothing of the caller's own settings."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", **(extra or {})}


def tally(
    *arguments: str, home: Path, extra: Mapping[str, str] | None = None, seconds: float = START_SECONDS_MAX
) -> subprocess.CompletedProcess[str]:
    """One run of the `tally` command, to its end."""
    return subprocess.run(
        [TALLY, *arguments],
        env=environment(home, extra),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        stdin=subprocess.DEVNULL,
    )


class Server:
    """A `tally serve` process. `start()` it again after its end, on the same data directory."""

    def __init__(
        self, data_dir: Path, arguments: Sequence[str], extra: Mapping[str, str], database: str | None
    ) -> None:
        self.data_dir = data_dir
        self.log_path = data_dir.with_name(data_dir.name + ".log")
        self._arguments = [*arguments, *(["--database", database] if database else [])]
        self._extra = dict(extra)
        self._database = database
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self, extra: Mapping[str, str] | None = None) -> Self:
        """Starts it and waits until it says its address. Fails the test with its log when it ends instead."""
        begin = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [TALLY, "serve", "--data", str(self.data_dir), "--port", "0", *self._arguments],
                env=environment(self.data_dir.parent, self._extra if extra is None else extra),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        line = eventually(lambda: self._address_line(begin), START_SECONDS_MAX)
        self.port = int(line.rpartition(":")[2])
        return self

    def _address_line(self, begin: int) -> str | None:
        said = self.log_path.read_bytes()[begin:].decode()
        assert self.process.poll() is None, f"the server ended at its start: {said}"
        complete = said.splitlines() if said.endswith("\n") else said.splitlines()[:-1]
        return next((line for line in complete if line.startswith(_ADDRESS_LINE)), None)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the server was not started"
        return self._process

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    @property
    def database_url(self) -> str:
        """The ledger as its owner, with no tenant said."""
        if self._database:
            return self._database
        cluster = embedded.running(self.data_dir)
        assert cluster is not None, "the embedded PostgreSQL does not run"
        return cluster.url(tenant="")

    def connection(self, seconds: float = CALL_SECONDS_MAX) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)

    def call(self, method: str, path: str, body: Any = None, **how: Any) -> Reply:
        """One request on a connection of its own; see `call_on`."""
        connection = self.connection()
        try:
            return call_on(connection, method, path, body, **how)
        finally:
            connection.close()

    def token(
        self,
        *scopes: str,
        tenant: str = "default",
        engineer: str | None = None,
        expires_at: datetime | None = None,
        name: str = "tests",
    ) -> str:
        """A new token with these scopes (capture and read where none is named). Its tenant is made if need be."""

        async def make() -> str:
            database = Database(Secret(self.database_url))
            await database.open()
            try:
                await Tenants(database, None).ensure(tenant)
                secret, _ = await Tokens(database).create(
                    tenant,
                    name=name,
                    scopes=list(scopes or ("capture", "read")),
                    engineer_id=engineer,
                    expires_at=expires_at,
                    actor="tests",
                )
                return secret.reveal()
            finally:
                await database.close()

        return asyncio.run(make())

    def rows(self, query: LiteralString, tenant: str = "default", **params: Any) -> list[tuple[Any, ...]]:
        """What a query of the ledger's owner gives, as that tenant."""
        with psycopg.connect(self.database_url) as connection:
            connection.execute("SELECT set_config('tally.tenant', %s, false)", (tenant,))
            return connection.execute(query, params).fetchall()

    def terminate(self, seconds: float = 20.0) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL, as the out-of-memory killer would. An embedded PostgreSQL goes on running."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Leaves nothing behind, whatever the test did."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        cluster = None if self._database else embedded.running(self.data_dir)
        if cluster is not None:
            cluster.stop()


def call_on(  # noqa: PLR0913  # one parameter per part of a request
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any = None,
    *,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """One request on an open connection. A `body` that is not bytes is sent as JSON."""
    sent = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        sent["Content-Type"] = "application/json"
    connection.request(method, path, body, {**sent, **(headers or {})})
    response = connection.getresponse()
    return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


@contextmanager
def serving(
    data_dir: Path,
    *arguments: str,
    database: str | None = None,
    extra: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """A server until the end of the block, with its log beside its data directory."""
    server = Server(data_dir, arguments, extra or {}, database)
    try:
        yield server.start()
    finally:
        server.close()
