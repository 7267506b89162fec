"""A laptop's relay as a real process, started as a hook starts it, and ways to speak with it."""

import http.client
import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self

from tallyward.client import relay_start
from tests.laptop import Laptop
from tests.waiting import eventually

JSON = {"Content-Type": "application/json"}
HOOK_PATH = "/tallyward/hooks/claude_code"


def end_any(root: str) -> None:
    """Leave no relay behind that this very process, or a command that it ran, has begun."""

    def is_gone() -> bool:
        fd = relay_start.claim(root)
        if fd is not None:
            os.close(fd)
            return True
        signed = relay_start.signed(root)
        if signed is not None:
            with suppress(ProcessLookupError):
                os.kill(signed[0], signal.SIGKILL)
        return False

    if os.path.isdir(f"{root}/relay"):  # noqa: PTH112  # as the client has it
        eventually(is_gone, 10)


def _is_relay(pid: int) -> bool:
    """Whether that has become the relay by now."""
    told = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return "relay/process.py" in told


class RunningRelay:
    """`with RunningRelay(laptop) as relay:` has a relay on that laptop until the block ends."""

    def __init__(self, laptop: Laptop, **settings: Any) -> None:
        self.laptop = laptop
        self.root = str(laptop.root)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        self.settings = relay_start.Settings(port, **settings)
        relay_start.write(self.root, self.settings)

    @property
    def port(self) -> int:
        return self.settings.port

    def start(self) -> str:
        """Have one about, as a hook does; its word."""
        word = relay_start.ensure(self.root, self.settings, self.laptop.environ)
        assert word is not None
        return word

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_running():
            self.end(signal.SIGKILL)

    def is_running(self) -> bool:
        fd = relay_start.claim(self.root)
        if fd is not None:
            os.close(fd)
        return fd is None

    def pid(self) -> int:
        """The relay's process."""
        signed = relay_start.signed(self.root)
        assert signed is not None
        return signed[0]

    def end(self, number: int) -> None:
        """Send it a signal, as soon as it is itself, and wait until it is gone."""
        eventually(lambda: _is_relay(self.pid()), 10)
        os.kill(self.pid(), number)
        eventually(lambda: not self.is_running(), 10)

    def post(self, path: str, body: bytes, headers: Mapping[str, str] = JSON) -> tuple[int, bytes]:
        """One request, and what it is answered with."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def hook(self, event: Mapping[str, Any], **headers: str) -> tuple[int, bytes]:
        """One event of a hook."""
        known = {"X-Tally-Entrypoint": "cli", "X-Tally-Engineer": "ann", **headers}
        return self.post(HOOK_PATH, json.dumps(event).encode(), {**JSON, **known})

    def raw(self, sent: bytes, seconds: float = 10) -> bytes:
        """Bytes as they are, and all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            back = b""
            while part := connection.recv(65_536):
                back += part
            return back

    def spooled(self, rows: int) -> list[dict[str, Any]]:
        """What is in the spool, once it is so much."""
        eventually(lambda: len(self.laptop.spooled()) >= rows, 10)
        return self.laptop.spooled()
