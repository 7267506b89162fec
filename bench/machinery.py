"""What the server benchmarks share: a ledger of their own, a server process, a reference beside it, and the load.

The load comes from `wrk`, a C program, since a Python client is slower than the server it measures and would flatter
every ratio. Debian and Homebrew call the package `wrk`.
"""

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

TALLY = Path(sys.executable).with_name("tally")
FIRE = {
    "engineer_id": "thomas-c",
    "skill_name": "/start",
    "repo": "graph8-com/g8",
    "runtime": "claude-code-local",
    "model": "claude-opus-4-7",
    "latency_ms": 1240,
    "status": "success",
    "input_tokens": None,
    "output_tokens": None,
    "arg_hash": "sha256:8f3a",
}
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
NOOP = """
    import sys, uvicorn
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    async def noop(request):
        await request.body()
        return Response(b'{"id":1}', 202, media_type="application/json")

    app = Starlette(routes=[Route("/v1/trace", noop, methods=["POST"])])
    uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", ws="none", access_log=False,
                server_header=False, date_header=False, proxy_headers=False, log_level="warning", backlog=2048)
"""


def require_wrk() -> str:
    wrk = shutil.which("wrk")
    if wrk is None:
        sys.exit("This benchmark needs wrk: apt-get install wrk, or brew install wrk.")
    return wrk


def _await(port: int, path: str, deadline_seconds: float = 60) -> None:
    end = time.monotonic() + deadline_seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    sys.exit(f"Nothing answers on port {port}.")


@contextlib.contextmanager
def process(command: list[str], port: int, path: str) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _await(port, path)
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def tally_server(port: int) -> Iterator[tuple[Path, str]]:
    """A `tally serve` on a fresh ledger: its data directory and a token that may capture."""
    with tempfile.TemporaryDirectory(prefix="tally-bench-") as name:
        data = Path(name)
        with process([str(TALLY), "serve", "--data", name, "--port", str(port)], port, "/v1/health"):
            create = [str(TALLY), "token", "create", "--name", "bench", "--scope", "capture", "--data", name, "--json"]
            yield data, json.loads(subprocess.check_output(create))["token"]


@contextlib.contextmanager
def noop_server(port: int) -> Iterator[None]:
    """The same server with a handler that reads the body and answers, and does nothing else."""
    with process([sys.executable, "-c", textwrap.dedent(NOOP), str(port)], port, "/"):
        yield


def wrk(  # noqa: PLR0913  # what a load is made of, by name
    port: int, token: str, body: str, *, seconds: int, connections: int, delay_ms: int = 0
) -> tuple[float, float]:
    """Requests a second and the p99 in milliseconds. `delay_ms` is a pause of each connection between two requests."""
    script = (
        f"wrk.method='POST'; wrk.body=[==[{body}]==]; wrk.headers['Authorization']='Bearer {token}'; "
        "wrk.headers['Content-Type']='application/json'\n"
    )
    if delay_ms:
        script += f"function delay() return {delay_ms} end\n"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = [require_wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", file.name]
        out = subprocess.check_output([*command, f"http://127.0.0.1:{port}/v1/trace"], text=True)
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"The load met errors:\n{out}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])
    amount, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
    return rate, float(amount) * _SECONDS[unit] * 1000


def median(values: list[float]) -> float:
    return statistics.median(values)


def machine() -> str:
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}"
