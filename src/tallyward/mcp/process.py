"""The proxy that Claude Code's helper has started (`hooks.mcp_http`), with a lock to hold and a port that is open.

It lives until the file of its lock is gone, which `tally disconnect` sees to.
"""

import os
import sys
import threading

if __name__ == "__main__":  # Started by its path, without the site packages: the package is found from here.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120

import argparse
import socket
from pathlib import Path

from tallyward.client import home
from tallyward.hooks.mcp_http import lock_file
from tallyward.mcp.proxy import Proxy


class KeptProxy(Proxy):
    """A proxy at a port that its starter has opened."""

    def __init__(self, name: str, to: str, listening: int, lock: int) -> None:
        self._listening = listening
        self._lock = lock
        super().__init__(name, to, 0)

    def server_bind(self) -> None:
        self.socket.close()
        self.socket = socket.socket(fileno=self._listening)
        self.server_address = self.socket.getsockname()
        self.server_port = int(self.socket.getsockname()[1])
        self._kept = Path(lock_file(home.home_dir(os.environ), self.server_port))

    def server_activate(self) -> None:
        """Its queue is open already."""

    def service_actions(self) -> None:
        """End when nobody wants a proxy here any more."""
        try:
            is_mine = self._kept.stat().st_ino == os.fstat(self._lock).st_ino
        except OSError:
            is_mine = False
        if not is_mine:
            threading.Thread(target=self.shutdown).start()


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="process")
    for name in ("--lock", "--listen"):
        parser.add_argument(name, type=int, required=True)
    for name in ("--server-name", "--to"):
        parser.add_argument(name, required=True)
    given = parser.parse_args(arguments)
    with KeptProxy(given.server_name, given.to, given.listen, given.lock) as proxy:
        proxy.serve_forever()
        proxy.copies.finish()


if __name__ == "__main__":
    main(sys.argv[1:])
