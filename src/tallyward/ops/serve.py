"""`tally serve`: one process that brings its PostgreSQL, migrates it and answers until it is told to stop."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from tallyward import config
from tallyward.config import Settings
from tallyward.domain.tenant import DEFAULT_TENANT, SAMPLE_TENANT
from tallyward.errors import PortInUse
from tallyward.ledger.database import Database
from tallyward.ledger.migrate import migrate
from tallyward.ops import first_token, sample, sample_merges
from tallyward.ops.bounded_http import BoundedHttp
from tallyward.ops.keeper import Keeper
from tallyward.redact import Secret, redact
from tallyward.services.tenants import Tenants
from tallyward.services.tokens import Tokens
from tallyward.web.app import create_app

SHUTDOWN_SECONDS_MAX = 7  # for requests under way; a deploy gives a process ten, and the ledger needs two
EXIT_INTERRUPTED = 130  # what a shell makes of Ctrl-C
COLLECT_EVERY = (50_000, 20, 100)  # a request of ours leaves no cycles behind, so most passes find nothing
BACKLOG = 2048  # connections that may wait to be accepted while a group commits


class _Server(uvicorn.Server):
    """A server that lets its open pages go as soon as it is told to stop, instead of waiting for them to leave."""

    def __init__(self, settings: uvicorn.Config, on_stop: Callable[[], None]) -> None:
        super().__init__(settings)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._on_stop()
        super().handle_exit(sig, frame)


class _Redacted(logging.Formatter):
    """The last net: whatever looks like a secret leaves the log before it is written."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


@contextmanager
def ledger_of(settings: Settings) -> Generator[tuple[Secret, Keeper | None]]:
    """The URL of the ledger: the database that was named, or the embedded one with its keeper, stopped at the end."""
    if settings.database is not None:
        yield settings.database, None
        return
    with Keeper(settings.data_dir) as keeper:
        if keeper.adopted:
            _say("Found the PostgreSQL that an earlier server left running, and took it over.")
        yield keeper.url, keeper


def _end_in_order() -> None:
    """SIGTERM, Ctrl-C and a closed terminal all end us through every `finally`, which stops the database too.

    The server handles the first two while it runs and raises them again when it is done. Left to itself SIGTERM would
    then end the process on the spot; and Ctrl-C, in the moment before the server runs, would cancel one task and wait.
    """

    def leave(request: int, _frame: FrameType | None) -> None:
        raise SystemExit(EXIT_INTERRUPTED if request == signal.SIGINT else 0)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # under nohup it shall stay ignored
        signal.signal(signal.SIGHUP, lambda _signal, _frame: os.kill(os.getpid(), signal.SIGTERM))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortInUse(f"Cannot listen on {host}:{port}: {error.strerror}.") from error
    listener.listen(BACKLOG)
    return listener


def serve(settings: Settings) -> None:
    """Runs until SIGTERM or Ctrl-C. Raises a SetupError, with its remedy, when it cannot start."""
    _log_to_stderr()
    _end_in_order()
    for name in config.unknown_variables(os.environ):
        _say(f"Note: {name} is set, and nothing of Tallyward reads it.")
    listener = _listen(settings.host, settings.port)
    with listener, ledger_of(settings) as (url, keeper):
        for migration in migrate(url):
            _say(f"Migrated the database: {migration.version:04} {migration.name}.")
        asyncio.run(_prepare(url, settings))
        app = create_app(settings, url)
        if keeper is not None:
            keeper.watch_disk(lambda low: setattr(app.state.writer, "disk_is_low", low))
        host, port = listener.getsockname()[:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        _say(f"Tallyward serves on {address}")
        for line in first_token.next_steps(settings, address):
            _say(line)
        _run(app, listener)


async def _prepare(url: Secret, settings: Settings) -> None:
    """Tenants, the sample and the first token, written before the first request comes in."""
    database = Database(url)
    await database.open()
    try:
        tenants = Tenants(database, settings.tenants_dir)
        await tenants.ensure(DEFAULT_TENANT)
        if settings.sample:
            if await tenants.ensure(SAMPLE_TENANT):
                await sample.fill(database)
            await sample_merges.fill(database)
            await sample.keep_recent(database)
            await first_token.ensure(Tokens(database), settings)
    finally:
        await database.close()


def _run(app: Starlette, listener: socket.socket) -> None:
    server = _Server(
        uvicorn.Config(
            app,
            loop="uvloop",
            http=BoundedHttp,
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS_MAX,
            backlog=BACKLOG,
        ),
        on_stop=app.state.feed.close,
    )
    _spare_the_collector()
    server.run(sockets=[listener])


def _spare_the_collector() -> None:
    """What is loaded by now stays for ever, so the cycle collector need not look at it again and again.

    Left to itself it went through everything some times a second under load: p99 of a fire 32 ms instead of 13.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_EVERY)


def _log_to_stderr() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_Redacted("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for chatty in ("uvicorn", "httpx2"):  # a line for each request, with its address
        logging.getLogger(chatty).setLevel(logging.WARNING)
