"""Rows a second in bodies of 1,000, each row durable and deduplicated before the 202.

Reference in the same run: COPY of the same rows, encoded beforehand, straight into the same table with its indexes, by
a role that row-level security does not bind (COPY is refused under it). That is the fastest way in there is; it can
neither dedupe nor tell the ids. Both are measured with one sender and with several, and the best of each is compared.
"""

import argparse
import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import psycopg
from machinery import FIRE, machine, median, tally_server
from psycopg import sql

from tallyward.ledger import embedded
from tallyward.ledger.cluster_init import SUPERUSER

PORT = 18789
ROWS = 1_000
SENDERS = (1, 2, 4)
COLUMNS = ("engineer_id", "skill_name", "repo", "runtime", "model", "latency_ms", "status", "arg_hash", "fire_key")


def batch() -> list[dict]:
    return [{**FIRE, "fire_key": uuid.uuid4().hex} for _ in range(ROWS)]


def block() -> bytes:
    return "".join(f"{chr(9).join(str(row[name]) for name in COLUMNS)}\n" for row in batch()).encode()


def post_all(token: str, bodies: list[bytes]) -> None:
    """Posts the bodies one after another on one connection, and checks that each row got an id of its own."""
    connection = HTTPConnection("127.0.0.1", PORT)
    for body in bodies:
        connection.request("POST", "/v1/trace", body, {"Authorization": f"Bearer {token}"})
        answer = json.loads(connection.getresponse().read())
        assert len(set(answer["ids"])) == ROWS
    connection.close()


def copy_all(url: str, blocks: list[bytes]) -> None:
    """Copies the blocks one after another, one commit for each."""
    statement = sql.SQL("COPY skill_invocations ({}) FROM STDIN").format(
        sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    )
    with psycopg.connect(url, autocommit=True) as connection:
        for rows in blocks:
            with connection.cursor() as cursor, cursor.copy(statement) as into:
                into.write(rows)


def rate(act: Callable[[list[bytes]], None], bodies: list[bytes], senders: int) -> float:
    """Rows a second of `act` with that many senders at once; the bodies were encoded before the clock starts."""
    shares = [bodies[number::senders] for number in range(senders)]
    start = time.perf_counter()
    with ThreadPoolExecutor(senders) as pool:
        list(pool.map(act, shares))
    return len(bodies) * ROWS / (time.perf_counter() - start)


def copy_url(data: Path) -> str:
    cluster = embedded.running(data)
    assert cluster is not None
    return cluster.url(role=SUPERUSER)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--bodies", type=int, default=40)
    chosen = arguments.parse_args()
    copied: dict[int, list[float]] = {senders: [] for senders in SENDERS}
    stored: dict[int, list[float]] = {senders: [] for senders in SENDERS}
    with tally_server(PORT) as (data, token):
        url = copy_url(data)
        post_all(token, [json.dumps(batch()).encode()])
        for _ in range(chosen.rounds):
            for senders in SENDERS:
                blocks = [block() for _ in range(chosen.bodies)]
                bodies = [json.dumps(batch()).encode() for _ in range(chosen.bodies)]
                copied[senders].append(rate(lambda share: copy_all(url, share), blocks, senders))
                stored[senders].append(rate(lambda share: post_all(token, share), bodies, senders))
    for senders in SENDERS:
        theirs, ours = median(copied[senders]), median(stored[senders])
        print(f"  {senders} at once: COPY {theirs:,.0f} rows/s, ingest {ours:,.0f} rows/s, ratio {ours / theirs:.2f}")
    best_copy, best = max(map(median, copied.values())), max(map(median, stored.values()))
    print(f"ingest_batch: {best:,.0f} rows/s against COPY {best_copy:,.0f} rows/s, {machine()}")
    print(f"  ratio {best / best_copy:.2f} (aim 0.4)")


if __name__ == "__main__":
    main()
