"""Lines a second of line protocol, each durable and known once before the 204, in bodies of 1,000 new points.

References in the same run, taken in turns with it and told the same bodies: VictoriaMetrics, which answers before
anything is on the disk and keeps numbers alone, and influxd 1.6, which syncs its log before it answers and keeps
everything, as this server does. Both are Debian's; scripts/series brings them.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

from machinery import machine, median, tally_server

from tests.machine import series
from tests.series.time_series import DATABASE, influxd, victoria_metrics

PORT = 18796
LINES = 1_000
SENDERS = (1, 2, 4)
Send = Callable[[list[bytes]], None]
_place = count(1)


def line(number: int) -> str:
    """What the capture script writes of one pull request, at a moment of its own."""
    return (
        f'pr_observation,repo=acme_shop,pr={number % 200 + 1},author=bot[bot] merge_state="CLEAN",mergeable=true,'
        "is_draft=false,checks_total=8i,checks_passing=8i,checks_failing=0i,reviews_approved=1i,"
        "reviews_changes_requested=0i,auto_merge_enabled=true,pr_age_hours=48i,last_activity_hours=2i"
        f" {1_700_000_000_000_000_000 + number * 1_000_000}"
    )


def body() -> bytes:
    return "\n".join(line(next(_place)) for _ in range(LINES)).encode()


def sender(port: int, path: str, token: str = "") -> Send:
    """Posts bodies one after another on one connection, and checks that each was taken."""

    def send(bodies: list[bytes]) -> None:
        connection = HTTPConnection("127.0.0.1", port)
        headers = {"Authorization": f"Token {token}"} if token else {}
        for lines in bodies:
            connection.request("POST", path, lines, headers)
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == 204, said[:300]
        connection.close()

    return send


def rate(send: Send, bodies: list[bytes], senders: int) -> float:
    """Lines a second with that many senders at once; the bodies were made before the clock starts."""
    shares = [bodies[number::senders] for number in range(senders)]
    begun = time.perf_counter()
    with ThreadPoolExecutor(senders) as pool:
        list(pool.map(send, shares))
    return len(bodies) * LINES / (time.perf_counter() - begun)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--bodies", type=int, default=20)
    chosen = arguments.parse_args()
    if None in map(series, ("influxd", "victoria-metrics")):
        sys.exit("This benchmark needs influxd and victoria-metrics: scripts/series brings them, or says how.")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tally-bench-")))
        victoria = stack.enter_context(victoria_metrics(folder / "victoria"))
        influx = stack.enter_context(influxd(folder / "influx"))
        _, token = stack.enter_context(tally_server(PORT))
        senders = {
            "VictoriaMetrics": sender(int(victoria.address.rpartition(":")[2]), "/write"),
            "influxd": sender(influx.port, f"/write?db={DATABASE}"),
            "ours": sender(PORT, "/api/v2/write", token),
        }
        for send in senders.values():
            send([body()])
        found: dict[tuple[str, int], list[float]] = {}
        for _ in range(chosen.rounds):
            for at_once in SENDERS:
                bodies = [body() for _ in range(chosen.bodies)]
                for name, send in senders.items():
                    found.setdefault((name, at_once), []).append(rate(send, bodies, at_once))
    tell(found, list(senders))


def tell(found: dict[tuple[str, int], list[float]], names: list[str]) -> None:
    for at_once in SENDERS:
        told = ", ".join(f"{name} {median(found[name, at_once]):,.0f} lines/s" for name in names)
        print(f"  {at_once} at once: {told}")
    best = {name: max(median(found[name, at_once]) for at_once in SENDERS) for name in names}
    print(f"influx_write: {best['ours']:,.0f} lines/s, {machine()}")
    ratios = {name: best["ours"] / best[name] for name in ("influxd", "VictoriaMetrics")}
    print("  ratio " + ", ".join(f"to {name} {ratio:.2f}" for name, ratio in ratios.items()))


if __name__ == "__main__":
    main()
