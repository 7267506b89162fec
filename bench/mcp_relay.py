"""What standing before an MCP server adds to each call: our wrapper, and FastMCP's proxy in the same run.

Reference: the same server with nothing before it. All three are spoken to over pipes, one call at a time, and take
turns, so that a noisy neighbour meets each of them. What is added is the difference of two percentiles of the same
rank: of all calls, and of the round that the neighbours disturbed least. Also told: what the wrapper adds to the start
of a server, up to its first answer.

FastMCP is installed into a folder of its own below .cache, from requirements/bench.txt.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any, Self

from machinery import machine, median

from tallyward.cli import wrapper

CHECKOUT = Path(__file__).parents[1]
FASTMCP = CHECKOUT / ".cache" / "bench" / "fastmcp"
LOCK = CHECKOUT / "requirements" / "bench.txt"
SERVER = [sys.executable, "-I", "-S", str(CHECKOUT / "tests" / "clients" / "probe_mcp.py")]
AIM_MILLISECONDS, AIM_RATIO = 1.0, 10.0
WARMING = 50
ROUND = 500
RANKS = 0.5, 0.99
STARTS = 15
PROXY = """
import sys
from fastmcp.client.transports import StdioTransport
from fastmcp.server import create_proxy

create_proxy(StdioTransport(sys.argv[1], sys.argv[2:])).run(show_banner=False)
"""


class Server:
    """A server, or what stands before one, as a client speaks to it."""

    def __init__(self, command: list[str], environ: dict[str, str]) -> None:
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ
        )
        self.calls = 0

    def __enter__(self) -> Self:
        about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
        self.ask("initialize", about)
        self.started = (time.perf_counter() - self.begun) * 1000
        self._say({"method": "notifications/initialized"})
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait(30)

    def _say(self, message: dict[str, Any]) -> None:
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, method: str, parameters: dict[str, Any]) -> None:
        self.calls += 1
        self._say({"id": self.calls, "method": method, "params": parameters})
        while line := self.process.stdout.readline():
            answer = json.loads(line)
            if answer.get("id") == self.calls:
                assert "result" in answer, line
                return
        sys.exit(f"{self.process.args} has ended.")

    def call(self) -> float:
        """Milliseconds of one call, from the first byte of the request to the last of the answer."""
        begun = time.perf_counter()
        self.ask("tools/call", {"name": "ping", "arguments": {"text": "x" * 200}, "_meta": {"progressToken": 1}})
        return (time.perf_counter() - begun) * 1000


def fastmcp() -> str:
    """The Python that has FastMCP; it is installed once for each lock."""
    python = FASTMCP / "bin" / "python"
    stamp = FASTMCP / "lock"
    if not stamp.exists() or stamp.read_bytes() != LOCK.read_bytes():
        venv.create(FASTMCP, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--require-hashes", "-r", LOCK], check=True)
        stamp.write_bytes(LOCK.read_bytes())
    return str(python)


def percentile(values: list[float], rank: float) -> float:
    return sorted(values)[int(len(values) * rank)]


def measure(calls: int, environ: dict[str, str]) -> dict[str, list[float]]:
    """Milliseconds of each call, by who stood before the server."""
    wrapped = wrapper.command(["--server-name", "bench", "--", *SERVER])
    with (
        Server(SERVER, environ) as direct,
        Server(wrapped, environ) as ours,
        Server([fastmcp(), "-c", PROXY, *SERVER], environ) as theirs,
    ):
        servers = {"direct": direct, "tally mcp wrap": ours, "FastMCP proxy": theirs}
        taken: dict[str, list[float]] = {name: [] for name in servers}
        for number in range(calls + WARMING):
            for name, server in servers.items():
                took = server.call()
                if number >= WARMING:
                    taken[name].append(took)
    return taken


def started(command: list[str], environ: dict[str, str]) -> float:
    with Server(command, environ) as server:
        return server.started


def starts(environ: dict[str, str]) -> list[float]:
    """Milliseconds to a server's first answer: alone, wrapped as `tally connect` does it, and by the command itself."""
    arguments = ["--server-name", "bench", "--", *SERVER]
    tally = [str(Path(sys.executable).with_name("tally")), "mcp", "wrap", *arguments]
    ways = SERVER, wrapper.command(arguments), tally
    rounds = [[started(way, environ) for way in ways] for _ in range(STARTS)]
    return [median([one[way] for one in rounds]) for way in range(len(ways))]


def rows_in(home: str) -> int:
    """How many calls the wrapper's recorder has told of, once it tells of no more."""
    spool = Path(home, "spool", "fires.ndjson")
    found, before = 0, -1
    while found != before:
        time.sleep(0.5)
        before, found = found, spool.read_text().count("\n") if spool.exists() else 0
    return found


def quietest(taken: dict[str, list[float]]) -> dict[str, list[float]]:
    """The round in which the server with nothing before it was least disturbed by its neighbours."""
    rounds = range(0, len(taken["direct"]) - ROUND + 1, ROUND)
    best = min(rounds, key=lambda start: percentile(taken["direct"][start : start + ROUND], 0.99))
    return {name: values[best : best + ROUND] for name, values in taken.items()}


def tell(which: str, taken: dict[str, list[float]]) -> None:
    reference = [percentile(taken["direct"], rank) for rank in RANKS]
    print(f"  {which}: a call of a server p50 {reference[0]:.3f} ms, p99 {reference[1]:.3f} ms")
    added = {
        name: [percentile(values, rank) - known for rank, known in zip(RANKS, reference, strict=True)]
        for name, values in taken.items()
    }
    ours, theirs = added["tally mcp wrap"], added["FastMCP proxy"]
    ratios = [other / max(own, 0.001) for own, other in zip(ours, theirs, strict=True)]
    print(f"    tally mcp wrap adds p50 {ours[0]:.3f} ms, p99 {ours[1]:.3f} ms (aim {AIM_MILLISECONDS:.0f} ms)")
    print(f"    FastMCP proxy adds p50 {theirs[0]:.3f} ms, p99 {theirs[1]:.3f} ms")
    print(f"    that is p50 {ratios[0]:.0f} x, p99 {ratios[1]:.0f} x (aim {AIM_RATIO:.0f} x)")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=4000)
    calls = arguments.parse_args().calls
    with tempfile.TemporaryDirectory() as home:
        environ = {"PATH": os.environ["PATH"], "HOME": home, "TALLY_HOME": home, "GITHUB_USER": "ann"}
        taken = measure(calls, environ)
        kept = rows_in(home)
        assert kept == calls + WARMING, f"{kept} rows of {calls + WARMING} calls"
        alone, wrapped, commanded = starts(environ)
    print(f"mcp_relay: {calls} calls each, {machine()}")
    tell("all calls", taken)
    tell(f"the quietest {ROUND} calls", quietest(taken))
    print(
        f"  first answer after a start: {alone:.0f} ms, wrapped {wrapped:.0f} ms, `tally mcp wrap` {commanded:.0f} ms"
    )


if __name__ == "__main__":
    main()
