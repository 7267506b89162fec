"""`tally relay`: be this machine's relay in the foreground, and settle on which port it is to be found."""

import errno
import os
import random
import signal
from contextlib import suppress
from typing import Annotated

import typer

from tallyward.cli import laptop
from tallyward.client import relay_start
from tallyward.errors import PortInUse
from tallyward.relay import process

# Below those that a system gives to connections, so that none of them takes it while the relay is away.
PORTS = range(20_000, 30_000)
ATTEMPTS_MAX = 50

Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Where to listen; kept for the next time.")]
Idle = Annotated[float | None, typer.Option(min=0.01, help="End after so many minutes without a request; kept too.")]


def commands(app: typer.Typer) -> None:
    app.command()(relay)


def relay(port: Port = None, idle: Idle = None) -> None:
    """Take in telemetry and hooks on loopback, strip them, and spool what is left. One relay for each user."""
    root = laptop.root()
    with laptop.writing():
        known = relay_start.read(root)
        lock_fd = relay_start.claim(root)
        if lock_fd is None:
            _tell_of_other(root, known)
            return
        settings = settled(root, port, idle)
    try:
        port_fd = _listening(settings.port)
        with suppress(KeyboardInterrupt):
            # Whoever reads the line may interrupt at once, and is heard when the relay can end in good order.
            signal.pthread_sigmask(signal.SIG_BLOCK, process.STOPS)
            print(f"The relay listens on {settings.url}; Ctrl-C ends it.", flush=True)
            process.run(root, os.environ, lock_fd, port_fd, relay_start.sign(lock_fd, os.getpid()))
    finally:
        os.close(lock_fd)


def settled(root: str, port: int | None = None, idle: float | None = None) -> relay_start.Settings:
    """The relay's settings, kept: what was asked for, else what was kept before, else a port that is free now."""
    known = relay_start.read(root)
    chosen = port or (known.port if known else free_port())
    minutes = idle or (known.idle_minutes if known else relay_start.IDLE_MINUTES)
    settings = relay_start.Settings(chosen, minutes, known.uses if known else ())
    relay_start.write(root, settings)
    return settings


def _tell_of_other(root: str, known: relay_start.Settings | None) -> None:
    signed = relay_start.signed(root)
    named = f"process {signed[0]}" if signed else "another process"
    print(f"The relay runs already: {named}, on {known.url if known else 'a port that it has not told'}.")


def free_port() -> int:
    """A port that nobody listens on now."""
    for port in random.sample(PORTS, ATTEMPTS_MAX):
        try:
            os.close(relay_start.listening(port))
        except OSError:
            continue
        return port
    raise PortInUse(f"No port from {PORTS.start} on is free.")


def _listening(port: int) -> int:
    try:
        return relay_start.listening(port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"Another program listens on port {port} of this machine.") from error
        raise PortInUse(f"Port {port} cannot be opened: {error.strerror}.") from error
