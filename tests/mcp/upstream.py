"""A server that an MCP proxy stands before, as the test wants it, and the proxy as a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.laptop import Laptop

TALLY = Path(sys.executable).with_name("tally")


class Handler(BaseHTTPRequestHandler):
    """Answers as the test says."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, self.headers, body))
        self.server.answers(self)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_OPTIONS = do_HEAD = _handle  # noqa: N815  # the base's names

    def reply(self, raw: bytes = b"", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(raw)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else raw)

    def stream(self) -> Callable[[bytes], int]:
        """Begin a stream of events; what to write it with."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        return self.wfile.write


class Upstream(ThreadingHTTPServer):
    """A server that remembers its requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, Any, bytes]] = []
        self.answers: Callable[[Handler], object] = lambda handler: handler.reply(b"{}")


@contextmanager
def proxying(laptop: Laptop, to: str) -> Iterator[str]:
    """The address of a proxy in a process of its own."""
    command = [str(TALLY), "mcp", "proxy", "--server-name", "probe", "--to", to]
    with subprocess.Popen(command, env=laptop.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            said = process.stdout.readline().split()
            assert said, process.stderr.read()
            yield said[3].decode()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
            assert (process.returncode, err) == (0, b"")
        finally:
            process.kill()
