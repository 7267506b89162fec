"""Records a second over OTLP: decoded and stored by the server, each row deduplicated and durable before the answer.

Reference in the same run: bodies of the same kind decoded alone, in this process, to the rows they make. That is what a
receiver costs before it keeps anything. The records are those of Claude Code: half of them tools and requests that
become rows, half events that are counted and left, which is about what a session sends.
"""

import argparse
import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection

from machinery import machine, median, tally_server

from tallyward import clock
from tallyward.services.otlp import Encoding, decode
from tests.exports import claude, logs, protobuf

PORT = 18791
RECORDS = 1_000
SENDERS = (1, 2)
TYPES: dict[Encoding, str] = {"json": "application/json", "protobuf": "application/x-protobuf"}
REQUEST = {
    "model": "claude-opus-4-8", "input_tokens": 1200, "output_tokens": 42, "cache_read_tokens": 4000,
    "cache_creation_tokens": 300, "cost_usd": 0.010925, "cost_usd_micros": 10925,
}  # fmt: skip


def export() -> dict:
    """A batch of which every row is new."""
    session = uuid.uuid4().hex
    records = []
    for number in range(0, RECORDS, 4):
        tool = {"tool_name": "Bash", "tool_use_id": f"toolu_{uuid.uuid4().hex}", "session.id": session}
        records += [
            claude("tool_decision", number, decision="accept", **tool),
            claude("tool_result", number + 1, success="true", duration_ms="36", **tool),
            claude("api_request", number + 2, **REQUEST, **{"session.id": session}),
            claude("hook_execution_complete", number + 3, **{"session.id": session}),
        ]
    return logs(*records, service__name="claude-code")


def bodies(encoding: Encoding, count: int) -> list[bytes]:
    return [protobuf(export()) if encoding == "protobuf" else json.dumps(export()).encode() for _ in range(count)]


def decode_all(encoding: Encoding, share: list[bytes]) -> None:
    for body in share:
        read = decode(body, encoding, "logs", clock.iso_now())
        assert (len(read.fires), len(read.usages), read.ignored) == (RECORDS // 4, RECORDS // 4, RECORDS // 2)


def post_all(token: str, encoding: Encoding, share: list[bytes]) -> None:
    connection = HTTPConnection("127.0.0.1", PORT)
    for body in share:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": TYPES[encoding]}
        connection.request("POST", "/v1/logs", body, headers)
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"{}" if encoding == "json" else b"")
    connection.close()


def rate(act: Callable[[list[bytes]], None], sent: list[bytes], senders: int = 1) -> float:
    shares = [sent[number::senders] for number in range(senders)]
    start = time.perf_counter()
    with ThreadPoolExecutor(senders) as pool:
        list(pool.map(act, shares))
    return len(sent) * RECORDS / (time.perf_counter() - start)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--bodies", type=int, default=20)
    chosen = arguments.parse_args()
    with tally_server(PORT) as (_, token):
        for encoding in TYPES:
            post_all(token, encoding, bodies(encoding, 2))
            alone: list[float] = []
            stored: dict[int, list[float]] = {senders: [] for senders in SENDERS}
            for _ in range(chosen.rounds):
                alone.append(rate(partial(decode_all, encoding), bodies(encoding, chosen.bodies)))
                for senders in SENDERS:
                    sent = bodies(encoding, chosen.bodies)
                    stored[senders].append(rate(partial(post_all, token, encoding), sent, senders))
            best, decoded = max(map(median, stored.values())), median(alone)
            print(f"otlp: {encoding}: {best:,.0f} records/s stored against {decoded:,.0f} decoded alone, {machine()}")
            each = ", ".join(f"{senders} at once {median(rates):,.0f}" for senders, rates in stored.items())
            print(f"  ratio {best / decoded:.2f}; {each}")


if __name__ == "__main__":
    main()
