"""The relay as a process of its own, quiet, on standard Python alone.

    python -I -S process.py --lock FD --listen FD --word WORD

Started by the first hook of a session, which hands over the lock and the open port, or in the foreground by
`tally relay`. It ends when nobody has needed it for a while, and the next session starts another.
"""

import os
import sys
from collections.abc import Mapping

if __name__ == "__main__":  # Started by its path, without the site packages: the package is found from here.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120

import argparse
import asyncio
import signal
import socket
from contextlib import suppress

from tallyward.client import home, relay_start
from tallyward.relay.service import Relay

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


async def serve(root: str, environ: Mapping[str, str], lock_fd: int, port_fd: int, word: str) -> None:
    """Be the relay until nobody needs it, or somebody says that it is enough."""
    settings = relay_start.read(root)
    if settings is None:
        return
    for fd in (lock_fd, port_fd):
        os.set_inheritable(fd, False)  # neither for a sender that it starts
    relay_start.sign(lock_fd, os.getpid(), word)
    with socket.socket(fileno=port_fd) as listener:
        relay = Relay(root, environ, lock_fd, settings)
        loop = asyncio.get_running_loop()
        for number in STOPS:
            loop.add_signal_handler(number, relay.stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        await relay.run(listener)


def run(root: str, environ: Mapping[str, str], lock_fd: int, port_fd: int, word: str) -> None:
    """The same for who has no loop."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here waits for a sender
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(root, environ, lock_fd, port_fd, word))


def main(arguments: list[str], environ: Mapping[str, str]) -> None:
    """Be the relay that a hook has begun."""
    parser = argparse.ArgumentParser(prog="relay", description="Take in telemetry and hooks on loopback.")
    parser.add_argument("--lock", type=int, required=True, metavar="FD", help="the open, locked relay/lock")
    parser.add_argument("--listen", type=int, required=True, metavar="FD", help="the open port")
    parser.add_argument("--word", required=True, help="what this relay goes by")
    given = parser.parse_args(arguments)
    run(home.home_dir(environ), environ, given.lock, given.listen, given.word)


if __name__ == "__main__":
    main(sys.argv[1:], os.environ)
