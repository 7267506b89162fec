"""Every page and every read of the API over a year of rows, and the organisation's own SQL on the same rows beside it.

Also: what sums cost in space and time, and how much reading takes away from ingest. `--rows 10000000` is the claim; it
needs 12 GB of disk and half an hour. `--data` keeps the ledger in a folder, so that a second run finds it filled.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import psycopg
from machinery import FIRE, TALLY, machine, process
from year import Year, make

from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.ledger import embedded
from tallyward.web.app import CALLS

PORT = 18791
AIM_MS = 200
LOOKS_A_SECOND = 4  # of people at pages, while rows come in
INGEST_SECONDS = 8
# As the organisation asks it, with the plain table and no word of tenants.
THEIRS = """
    SELECT i.engineer_id, count(*) AS fires_30d, count(*) FILTER (WHERE i.status = 'success') AS successful,
        count(DISTINCT i.skill_name) AS unique_skills,
        (
            SELECT mine.skill_name FROM skill_invocations mine WHERE mine.engineer_id = i.engineer_id
            GROUP BY mine.skill_name ORDER BY count(*) DESC LIMIT 1
        ) AS top_skill
    FROM skill_invocations i WHERE i.ts > now() - interval '30 days' GROUP BY i.engineer_id ORDER BY fires_30d DESC
"""
# Parameters of reads that must have some.
ASKED = {"/v1/me": "?engineer=engineer-3", "/me": "?engineer=engineer-3", "/v1/canary": "?nonce=none"}
NOT_READS = ("/live", "/sign-in", "/openapi.json")


@contextmanager
def server(data: Path) -> Iterator[tuple[str, str]]:
    """A running server, with a token that reads everything and one that captures."""
    command = [str(TALLY), "serve", "--data", str(data), "--port", str(PORT)]
    with process(command, PORT, "/v1/health"):
        create = [str(TALLY), "token", "create", "--name", "bench", "--data", str(data), "--json", "--scope"]
        tokens = [json.loads(subprocess.check_output([*create, scope]))["token"] for scope in ("read,admin", "capture")]
        yield tokens[0], tokens[1]


def reads() -> list[str]:
    """Every address that is read without an argument in its path: those of the API, and the pages."""
    found = {
        call.path
        for call in CALLS
        if call.method == "GET" and "{" not in call.path and call.access in ("read", "admin", "open")
    }
    return sorted(path for path in found if not path.startswith(NOT_READS))


def get(connection: HTTPConnection, token: str, target: str) -> int:
    connection.request("GET", target, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def time_reads(token: str, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each address, after one look that is not counted."""
    connection = HTTPConnection("127.0.0.1", PORT)
    taken: dict[str, list[float]] = {}
    for path in reads():
        target = path + ASKED.get(path, "")
        status = get(connection, token, target)
        if status != 200:
            print(f"  {path}: {status}, left out")
            continue
        for _ in range(rounds):
            begun = time.perf_counter()
            get(connection, token, target)
            taken.setdefault(path, []).append(1000 * (time.perf_counter() - begun))
    return taken


def p95(values: list[float]) -> float:
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


def seconds_of(act: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def their_seconds(data: Path) -> float:
    """The organisation's query as `psql` runs it. Once: it takes long, and the second time is no faster."""
    cluster = embedded.running(data)
    with psycopg.connect(cluster.url(tenant=DEFAULT_TENANT), autocommit=True) as connection:
        return seconds_of(lambda: connection.execute(THEIRS).fetchall(), 1)


def ingest_rate(token: str) -> float:
    """Rows a second in bodies of 1,000 by two senders."""
    until = time.perf_counter() + INGEST_SECONDS

    def send(_sender: int) -> int:
        connection, sent = HTTPConnection("127.0.0.1", PORT), 0
        while time.perf_counter() < until:
            body = json.dumps([{**FIRE, "fire_key": uuid.uuid4().hex} for _ in range(1_000)])
            connection.request("POST", "/v1/trace", body, {"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            answer.read()
            sent += 1_000 if answer.status == 202 else 0
        return sent

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(send, range(2))) / INGEST_SECONDS


def ingest_while_reading(token: str, capture: str) -> tuple[float, float]:
    """The rate alone, and the rate while people look at boards, one after another."""
    alone = ingest_rate(capture)
    done = threading.Event()
    boards = ("/v1/utilization?days=30", "/v1/economics?days=30", "/v1/usage?by=skill", "/v1/me?engineer=engineer-3")

    def look() -> None:
        connection = HTTPConnection("127.0.0.1", PORT)
        number = 0
        while not done.wait(1 / LOOKS_A_SECOND):
            get(connection, token, boards[number % len(boards)])
            number += 1

    looking = threading.Thread(target=look)
    looking.start()
    beside = ingest_rate(capture)
    done.set()
    looking.join()
    return alone, beside


def measure(data: Path, year: Year, rounds: int) -> None:
    print(f"dashboards: {machine()}")
    print(f"  {year.told()}")
    with server(data) as (token, capture):
        taken = time_reads(token, rounds)
        for path, values in sorted(taken.items(), key=lambda item: -p95(item[1])):
            note = "" if p95(values) < AIM_MS else "  **missed**"
            print(f"  {path:24} p50 {statistics.median(values):6.0f} ms  p95 {p95(values):6.0f} ms{note}")
        theirs = their_seconds(data)
        ours = statistics.median(taken["/v1/utilization"]) / 1000
        ratio = f"{theirs / ours:,.0f}x (aim 100)"
        print(f"  30 days of utilisation: their SQL {theirs:.1f} s, our call {ours:.3f} s, {ratio}")
        alone, beside = ingest_while_reading(token, capture)
        looks = f"with {LOOKS_A_SECOND} looks a second {beside:,.0f} rows/s"
        print(f"  ingest alone {alone:,.0f} rows/s, {looks}: {beside / alone:.2f} (aim 0.8)")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=200_000)
    arguments.add_argument("--data", type=Path, help="keep the ledger here")
    arguments.add_argument("--rounds", type=int, default=20)
    chosen = arguments.parse_args()
    if chosen.data:
        measure(chosen.data, make(chosen.data, chosen.rows), chosen.rounds)
        return
    with tempfile.TemporaryDirectory(prefix="tally-bench-") as name:
        measure(Path(name), make(Path(name), chosen.rows), chosen.rounds)


if __name__ == "__main__":
    main()
