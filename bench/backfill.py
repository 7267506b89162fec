"""How fast transcripts become rows, against ccusage on the same corpus in the same run, and whether the sums agree.

References: `ccusage claude session --json --offline`, from its start to its end, as its authors ship it now (a native
program) and as they last wrote it in JavaScript. Ours is a whole run of the backfill, from its start to its end, with
its memory on the disk, and with a server that takes everything at once: measured is reading, folding and remembering,
and not the network. ccusage only sums; ours also tells of every call and prompt. Both use all processors.

A third count, naive and in this file, says whose sums are right.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from machinery import machine, median
from transcript_corpus import Corpus

from tallyward.cli.backfill_run import Asked, Backfill
from tallyward.client.link import Answer, Link

CHECKOUT = Path(__file__).parents[1]
MODULES = CHECKOUT / ".cache" / "bench" / "node_modules"
NATIVE, JAVASCRIPT = MODULES / "ccusage" / "src" / "cli.js", MODULES / "ccusage-in-javascript" / "dist" / "index.js"
AIM = 0.5
SHOWN_MAX = 3
MEGABYTE = 1_000_000
FIELDS = ("input_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "cache_read_tokens", "output_tokens")
THEIRS = ("inputTokens", "cacheCreationTokens", "cacheReadTokens", "outputTokens")
Sums = dict[str, tuple[int, ...]]  # by session, in the order of FIELDS; ccusage has one sum for both kinds of writing


class Taker(Link):
    """A server that has taken everything at once, and remembers only the sums."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9", "token")
        self.sums: dict[str, Counter[str]] = {}

    def get(self, path: str) -> dict[str, Any]:  # noqa: ARG002  # there is one thing to ask for
        return {"tenant": "default", "arg_key": "ab" * 32, "engineer_id": "ann"}

    def call(self, method: str, path: str, body: Any = None) -> Answer:  # noqa: ARG002  # it is always POST
        for row in body if path.startswith("/v1/usage") else ():
            self.sums.setdefault(row["session_id"], Counter()).update({name: row.get(name, 0) for name in FIELDS})
        return Answer(202, {"duplicate": 0})


def backfill(root: Path) -> None:
    """What the measured process does: one run, and its sums on standard output."""
    taker = Taker()
    with tempfile.TemporaryDirectory() as home:
        report = Backfill(Asked("claude", root, "", os.environ), home, taker).run()
    assert report.is_whole
    print(json.dumps({session: [sums[name] for name in FIELDS] for session, sums in taker.sums.items()}))


def ours(root: Path) -> tuple[float, float, Sums]:
    seconds, peak, out = timed([sys.executable, __file__, "--read", str(root)], {})
    return seconds, peak, {session: tuple(sums) for session, sums in json.loads(out).items()}


def node() -> str:
    return subprocess.check_output([CHECKOUT / "scripts" / "node"], text=True).strip() + "/node"


def javascript(root: Path) -> tuple[float, float, Sums]:
    """It sums by project, so only its speed is told."""
    command = [node(), str(JAVASCRIPT), "session", "--json", "--offline"]
    return (*timed(command, {"CLAUDE_CONFIG_DIR": str(root)})[:2], {})


def native(root: Path) -> tuple[float, float, Sums]:
    command = [node(), str(NATIVE), "claude", "session", "--json", "--offline"]
    seconds, peak, out = timed(command, {"CLAUDE_CONFIG_DIR": str(root)})
    sums: Sums = {}
    for session in json.loads(out)["sessions"]:
        # A subagent's file is a session of its own to ccusage; here it is told with the session that it worked for.
        name = session["sessionId"].rpartition("/")[2]
        sums[name] = added(sums.get(name), tuple(session[field] for field in THEIRS))
    return seconds, peak, sums


def timed(command: list[str], environ: dict[str, str]) -> tuple[float, float, bytes]:
    """Seconds, the largest process's peak in megabytes, and what it printed."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, env={**os.environ, **environ}, stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begun
        assert process.returncode == 0, command
        out.seek(0)
        return seconds, used.ru_maxrss * 1024 / MEGABYTE, out.read()


def recount(root: Path) -> Sums:
    """Naive and right: every message once, with the greatest of each count, to the session that was begun first."""
    seen: dict[str, tuple[str, tuple[int, ...]]] = {}
    for path in sorted(root.rglob("*.jsonl"), key=begun):
        for record in map(json.loads, path.open()):
            if record["type"] != "assistant":
                continue
            usage = record["message"]["usage"]
            counts = (
                usage["input_tokens"],
                usage["cache_creation"]["ephemeral_5m_input_tokens"],
                usage["cache_creation"]["ephemeral_1h_input_tokens"],
                usage["cache_read_input_tokens"],
                usage["output_tokens"],
            )
            session, known = seen.setdefault(record["message"]["id"], (record["sessionId"], counts))
            seen[record["message"]["id"]] = (session, tuple(map(max, known, counts)))
    sums: Sums = {}
    for session, counts in seen.values():
        sums[session] = added(sums.get(session), counts)
    return sums


def begun(path: Path) -> str:
    """When a file was begun: the moment of its first record that has one."""
    with path.open() as file:
        return next(record["timestamp"] for record in map(json.loads, file) if "timestamp" in record)


def added(known: tuple[int, ...] | None, more: tuple[int, ...]) -> tuple[int, ...]:
    return more if known is None else tuple(map(sum, zip(known, more, strict=True)))


def in_four(sums: Sums) -> Sums:
    """With both kinds of writing to the cache in one sum, as ccusage tells them."""
    return {session: (one[0], one[1] + one[2], *one[3:]) for session, one in sums.items()}


def compare(name: str, found: Sums, right: Sums) -> None:
    differing = sorted(session for session in right.keys() | found.keys() if found.get(session) != right.get(session))
    whole = [tuple(map(sum, zip(*sums.values(), strict=True))) for sums in (found, right)]
    print(f"  {name}: {len(right) - len(differing)} of {len(right)} sessions agree with the recount, ", end="")
    print("and so do the sums" if whole[0] == whole[1] else f"and the sums do not: {whole[0]} for {whole[1]}")
    if differing and whole[0] == whole[1]:
        print("    the same tokens, under another session: a fork and what it was forked from hold the same answers;")
        print("    the recount and ours book them where they were given first, ccusage where it reads them first")
    for session in differing[:SHOWN_MAX]:
        print(f"    {session}: {found.get(session)} for {right.get(session)}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--megabytes", type=float, default=500)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.read is not None:
        backfill(given.read)
        return
    subprocess.run([CHECKOUT / "scripts" / "npm-ci", CHECKOUT / "bench", MODULES.parent], check=True)
    with tempfile.TemporaryDirectory(prefix="tally-bench-") as folder:
        Corpus().write(Path(folder), given.megabytes / 2)
        half = ours(Path(folder))[1]
    with tempfile.TemporaryDirectory(prefix="tally-bench-") as folder:
        measure(Path(folder), given.megabytes, given.rounds, half)


def measure(root: Path, megabytes: float, rounds: int, half: float) -> None:
    megabytes = Corpus().write(root, megabytes) / MEGABYTE
    print(f"backfill: {megabytes:.0f} MB in {len(list(root.rglob('*.jsonl')))} files, {machine()}")
    ways = {"ours": ours, "ccusage": native, "ccusage in JavaScript": javascript}
    taken = [{name: way(root) for name, way in ways.items()} for _ in range(rounds)]
    rates = {name: median([megabytes / one[name][0] for one in taken]) for name in ways}
    for name, rate in rates.items():
        peak = max(one[name][1] for one in taken)
        ratio = f", ratio of ours {rates['ours'] / rate:.2f} (aim {AIM})" if name != "ours" else ""
        before = f", {half:.0f} MB for half the corpus" if name == "ours" else ""
        print(f"  {name}: {rate:.0f} MB/s, largest process {peak:.0f} MB{before}{ratio}")
    right = recount(root)
    compare("ours", taken[0]["ours"][2], right)
    compare("ccusage", taken[0]["ccusage"][2], in_four(right))
    assert taken[0]["ours"][2] == right, "our sums are those of the recount"


if __name__ == "__main__":
    main()
