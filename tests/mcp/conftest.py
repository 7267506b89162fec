"""MCP servers behind the proxy, and a connection to it."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.laptop import Laptop
from tests.mcp.upstream import Upstream, proxying

SERVER = Path(__file__).with_name("sdk_server.py")


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def near(laptop: Laptop, upstream: Upstream) -> Iterator[HTTPConnection]:
    """A connection to the proxy before `upstream`."""
    with proxying(laptop, f"http://127.0.0.1:{upstream.server_port}/mcp?x=1") as url:
        connection = HTTPConnection(url.removeprefix("http://").partition("/")[0], timeout=20)
        yield connection
        connection.close()


@pytest.fixture
def official(laptop: Laptop) -> Iterator[str]:
    """The address of a proxy before a server made with the official SDK."""
    with subprocess.Popen([sys.executable, str(SERVER), "http"], stdout=subprocess.PIPE) as server:
        try:
            with proxying(laptop, f"http://127.0.0.1:{int(server.stdout.readline())}/mcp") as url:
                yield url
        finally:
            server.kill()
