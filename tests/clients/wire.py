"""A wire that remembers: it stands between the laptop and the server and keeps every byte of both directions."""

import select
import socket
import threading
from typing import Self

BLOCK_BYTES = 65_536


class Wire:
    """`with Wire(port) as wire:` forwards connections to `wire.url` to that port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self._kept = bytearray()
        self._threads = [threading.Thread(target=self._accept)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def kept(self) -> bytes:
        with self._lock:
            return bytes(self._kept)

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # The wire was taken down.
            thread = threading.Thread(target=self._forward, args=(near,))
            self._threads.append(thread)
            thread.start()

    def _forward(self, near: socket.socket) -> None:
        """One connection, until either side has ended it; if nobody is there, it ends at once."""
        try:
            with near, socket.create_connection(("127.0.0.1", self._port)) as far:
                other = {near: far, far: near}
                while True:
                    for ready in select.select([near, far], [], [])[0]:
                        block = ready.recv(BLOCK_BYTES)
                        if not block:
                            return
                        with self._lock:
                            self._kept += block
                        other[ready].sendall(block)
        except OSError:
            return  # A side has gone; the laptop sees a connection that broke.
