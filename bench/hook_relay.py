"""What an HTTP hook to the relay adds to a tool call: from the first byte of the connection to the end of the answer.

Two references in the same run: the same request to a server that does nothing but answer, and the hook as a process.
The three take turns. The client is a plain socket, since an agent is already running when it sends a hook.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable  # noqa: TC003  # a local annotation
from pathlib import Path

from hook import Laptop
from machinery import machine

from tallyward.client import relay_start

MILLISECONDS_AIM = 3.0


def post(port: int, raw: bytes) -> float:
    """Milliseconds that one hook takes."""
    head = (
        f"POST /tallyward/hooks/claude_code HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"X-Tally-Entrypoint: cli\r\nX-Tally-Engineer: ann\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    begun = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode() + raw)
        answer = connection.recv(4096)
        while connection.recv(4096):
            pass
    took = (time.perf_counter() - begun) * 1000
    assert answer.startswith(b"HTTP/1.1 200")
    return took


def noop(listener: socket.socket) -> None:
    """A server that reads a request to its end and says yes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        await reader.readexactly(int(head.partition("Content-Length: ")[2].split("\r")[0]))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def serve() -> None:
        await (await asyncio.start_server(answer, sock=listener)).serve_forever()

    asyncio.run(serve())


def measure(samples: int) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        laptop = Laptop(Path(folder), None)
        with socket.create_server(("127.0.0.1", 0)) as free:
            settings = relay_start.Settings(free.getsockname()[1])
        relay_start.write(str(laptop.root), settings)
        assert relay_start.ensure(str(laptop.root), settings, laptop.environ)
        other = multiprocessing.get_context("fork").Process(target=noop, args=(listener,), daemon=True)
        other.start()
        raw = json.dumps({**laptop.event, "tool_use_id": "toolu_1"}).encode()
        ways: dict[str, Callable[[], float]] = {
            "noop server": lambda: post(listener.getsockname()[1], raw),
            "relay": lambda: post(settings.port, raw),
            "process": laptop.fire,
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        try:
            for number in range(samples + 10):
                for name, way in ways.items():
                    took = way()
                    if number >= 10:  # the first ones import and warm up
                        taken[name].append(took)
        finally:
            other.kill()
            signed = relay_start.signed(str(laptop.root))
            with contextlib.suppress(ProcessLookupError):
                os.kill(signed[0] if signed else os.getpid(), 9)
    return taken


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--samples", type=int, default=300)
    taken = {name: sorted(values) for name, values in measure(arguments.parse_args().samples).items()}
    figures = {name: (values[len(values) // 2], values[int(len(values) * 0.99)]) for name, values in taken.items()}
    noop_p50, noop_p99 = figures["noop server"]
    print(f"hook_relay: a server that only answers p50 {noop_p50:.2f} ms, p99 {noop_p99:.2f} ms, {machine()}")
    p50, p99 = figures["relay"]
    print(
        f"  relay: p50 {p50:.2f} ms, p99 {p99:.2f} ms, ratio {p50 / noop_p50:.2f} (aim p50 {MILLISECONDS_AIM:.0f} ms)"
    )
    print(f"  the hook as a process: p50 {figures['process'][0]:.1f} ms, p99 {figures['process'][1]:.1f} ms")
    sys.exit(0 if p50 < MILLISECONDS_AIM else 1)


if __name__ == "__main__":
    main()
