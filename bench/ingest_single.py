"""One fire a request, durable before its 202, on one server process with 64 connections.

Reference in the same run: the same server with a handler that does nothing. Rounds alternate, so that a noisy neighbour
meets both. Prints the ratio of the medians, and the p99 at about half of the measured rate.
"""

import argparse
import json

from machinery import FIRE, machine, median, noop_server, require_wrk, tally_server, wrk

CONNECTIONS = 64
PORT, NOOP_PORT = 18787, 18788


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=5)
    chosen = arguments.parse_args()
    require_wrk()
    body = json.dumps(FIRE)
    noop, ours, ours_p99 = [], [], []
    with tally_server(PORT) as (_, token), noop_server(NOOP_PORT):
        for _ in range(chosen.rounds):
            noop.append(wrk(NOOP_PORT, token, body, seconds=chosen.seconds, connections=CONNECTIONS)[0])
            rate, p99 = wrk(PORT, token, body, seconds=chosen.seconds, connections=CONNECTIONS)
            ours.append(rate)
            ours_p99.append(p99)
            print(f"  round: no-op {noop[-1]:,.0f}/s, ingest {rate:,.0f}/s, p99 {p99:.1f} ms, {machine()}")
        # A connection that waits this long between its requests brings half the load.
        delay_ms = max(1, round(CONNECTIONS / (median(ours) / 2) * 1000 - 2))
        half = [
            wrk(PORT, token, body, seconds=chosen.seconds, connections=CONNECTIONS, delay_ms=delay_ms) for _ in range(3)
        ]
    print(f"ingest_single: {median(ours):,.0f}/s against no-op {median(noop):,.0f}/s, p99 {median(ours_p99):.1f} ms")
    print(f"  ratio {median(ours) / median(noop):.2f} (aim 0.45); best round {max(ours):,.0f}/s of {max(noop):,.0f}/s")
    half_rate, half_p99 = median([rate for rate, _ in half]), median([p99 for _, p99 in half])
    print(f"  at {half_rate / median(ours):.0%} of that load ({half_rate:,.0f}/s): p99 {half_p99:.1f} ms (aim 20)")


if __name__ == "__main__":
    main()
