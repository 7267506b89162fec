"""One signed delivery of GitHub a request, checked, read and durable before its 202, on one process, 64 connections.

Reference in the same run: the same server with a handler that reads the body and does nothing else. Each delivery is a
pull request of its own, in a payload as long as GitHub's are in the median. Processing goes on meanwhile, as it does in
life; how fast it is alone is told too.
"""

import argparse
import hashlib
import hmac
import json
import re
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path
from typing import Any

import psycopg
from machinery import NOOP, TALLY, machine, median, process, require_wrk, tally_server

from tallyward.ledger import embedded
from tests.webhook_examples import pull_request

CONNECTIONS = 64
PORT, NOOP_PORT = 18791, 18792
PATH = "/tenants/default/webhook"
BODY_BYTES = 7_700  # the median of the payloads that GitHub publishes
PLACE = "42424242"
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
LUA = """
    local signatures = {}
    for line in io.lines("%(signatures)s") do signatures[#signatures + 1] = line end
    local prefix, suffix, at = [==[%(prefix)s]==], [==[%(suffix)s]==], %(first)d
    local headers = {["Content-Type"] = "application/json", ["X-GitHub-Event"] = "pull_request"}
    request = function()
        at = at + 1
        headers["X-GitHub-Delivery"] = "bench-" .. at
        headers["X-Hub-Signature-256"] = "sha256=" .. signatures[at]
        return wrk.format("POST", "%(path)s", headers, prefix .. string.format("%%08d", at) .. suffix)
    end
    function delay() return %(delay)d end
"""


def payload() -> tuple[str, str]:
    """The two ends of a body, between which its number stands; as long as a real one by words that nobody keeps."""
    text = json.dumps(pull_request(number=int(PLACE)), separators=(",", ":"))
    filler = "x" * (BODY_BYTES - len(text))
    text = text.replace('"body":""', f'"body":"{filler}"').replace(f'"number":{PLACE}', f'"number":1{PLACE}')
    prefix, _, suffix = text.rpartition(PLACE)
    return prefix.replace(f'"number":1{PLACE}', '"number":null'), suffix


class Load:
    """Deliveries that are signed beforehand, so that signing them costs the run nothing."""

    def __init__(self, secret: str, count: int, folder: Path) -> None:
        self.prefix, self.suffix = payload()
        self.signatures = folder / "signatures"
        self.sent = 0
        key = secret.encode()
        with self.signatures.open("w") as file:
            for number in range(1, count + 1):
                body = f"{self.prefix}{number:08d}{self.suffix}".encode()
                file.write(hmac.new(key, body, hashlib.sha256).hexdigest() + "\n")

    def run(self, port: int, *, seconds: int, delay_ms: int = 0) -> tuple[float, float]:
        """Deliveries a second and the p99 in milliseconds."""
        told: dict[str, Any] = {"signatures": self.signatures, "prefix": self.prefix, "suffix": self.suffix}
        script = textwrap.dedent(LUA) % {**told, "first": self.sent, "path": PATH, "delay": delay_ms}
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
            file.write(script)
            file.flush()
            command = [require_wrk(), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", file.name]
            out = subprocess.check_output([*command, f"http://127.0.0.1:{port}"], text=True)
        if "Non-2xx" in out or "Socket errors" in out:
            sys.exit(f"The load met errors:\n{out}")
        if port == PORT:
            self.sent += int(re.search(r"(\d+) requests in", out)[1]) + CONNECTIONS  # some were under way at its end
        amount, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", out).groups()
        return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), float(amount) * _SECONDS[unit] * 1000


def standing(data: Path) -> dict[str, int]:
    """How many deliveries are in each state."""
    with psycopg.connect(embedded.running(data).url(tenant="default")) as connection:
        return dict(connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall())


def drained(data: Path) -> float:
    """Deliveries a second that are processed while none comes."""
    begin, waiting = time.monotonic(), standing(data).get("waiting", 0)
    while left := standing(data).get("waiting", 0):
        if time.monotonic() - begin > 60:
            break
        time.sleep(0.2)
    return (waiting - left) / max(time.monotonic() - begin, 1e-9)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=5)
    chosen = arguments.parse_args()
    require_wrk()
    noop_process = [sys.executable, "-c", textwrap.dedent(NOOP).replace("/v1/trace", PATH), str(NOOP_PORT)]
    noop, ours, p99 = [], [], []
    with tally_server(PORT) as (data, _), process(noop_process, NOOP_PORT, "/"), tempfile.TemporaryDirectory() as name:
        add = [str(TALLY), "webhook", "secret", "add", "--data", str(data), "--json"]
        secret = json.loads(subprocess.check_output(add))["secret"]
        load = Load(secret, (chosen.rounds + 3) * chosen.seconds * 8_000, Path(name))
        time.sleep(3)  # the server knows a new secret within seconds
        for _ in range(chosen.rounds):
            noop.append(load.run(NOOP_PORT, seconds=chosen.seconds)[0])
            rate, slow = load.run(PORT, seconds=chosen.seconds)
            ours.append(rate)
            p99.append(slow)
            print(f"  round: no-op {noop[-1]:,.0f}/s, inbox {rate:,.0f}/s, p99 {slow:.1f} ms, {machine()}")
        processed = drained(data)
        delay_ms = max(1, round(CONNECTIONS / (median(ours) / 2) * 1000 - 2))
        half = [load.run(PORT, seconds=chosen.seconds, delay_ms=delay_ms) for _ in range(3)]
        states = standing(data)
    print(f"webhook_inbox: {median(ours):,.0f}/s against no-op {median(noop):,.0f}/s, p99 {median(p99):.1f} ms")
    print(f"  ratio {median(ours) / median(noop):.2f}; alone {processed:,.0f}/s are processed; {states}")
    half_rate, half_p99 = median([rate for rate, _ in half]), median([slow for _, slow in half])
    print(f"  at {half_rate / median(ours):.0%} of that load ({half_rate:,.0f}/s): p99 {half_p99:.1f} ms")


if __name__ == "__main__":
    main()
