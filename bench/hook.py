"""What one fire costs the engineer: the hook as a process, from its start to its end, event in and row on the disk.

Reference in the same run: `python -I -S -c pass`, the least that any hook in Python can take. Samples of all variants
take turns, so that a noisy neighbour meets each of them. The variants: no server is known; a sender is there already
(the usual case); each fire has to start a sender. All hash the arguments and sync the disk.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from machinery import machine

import tallyward
from tallyward.client import segments, sender_start

HOOK = Path(tallyward.__file__).parent / "hooks" / "claude_code.py"
CLEAN = [sys.executable, "-I", "-S"]
EVENT = {
    "session_id": "5f0c1e2a-0000-4000-8000-000000000000",
    "prompt_id": "a1b2c3d4-0000-4000-8000-000000000000",
    "transcript_path": "/home/ann/.claude/projects/widget/5f0c1e2a.jsonl",
    "permission_mode": "default",
    "hook_event_name": "PostToolUse",
    "tool_name": "Bash",
    "tool_input": {"command": "make test " * 20, "description": "Runs the tests"},
    "tool_response": {"stdout": "passed\n" * 400, "stderr": "", "interrupted": False},
    "duration_ms": 1234,
}
RATIO_AIM, MILLISECONDS_AIM = 3.0, 30.0


class Keeper(BaseHTTPRequestHandler):
    """Says that it has kept whatever it is sent."""

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"ids": list(range(len(rows)))}).encode()
        self.send_response(202)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """Senders are ended in the middle of a request here; that is no news."""

    def handle_error(self, *_: object) -> None:
        pass


class Laptop:
    """A home of its own, in a repository of its own."""

    def __init__(self, folder: Path, server: str | None) -> None:
        self.root = folder / "tally"
        repository = folder / "widget"
        (repository / ".git").mkdir(parents=True)
        (repository / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        (repository / ".git" / "config").write_text('[remote "origin"]\n\turl = git@github.com:acme/widget.git\n')
        self.root.mkdir()
        config = {"arg_key": "ab" * 32, "engineer_id": "ann", **({"server": server, "token": "t"} if server else {})}
        (self.root / "config.json").write_text(json.dumps(config))
        self.environ = {"HOME": str(folder), "TALLY_HOME": str(self.root), "CLAUDE_CODE_ENTRYPOINT": "cli"}
        self.event = {**EVENT, "cwd": str(repository)}
        self.fires = 0

    def fire(self) -> float:
        self.fires += 1
        raw = json.dumps({**self.event, "tool_use_id": f"toolu_{self.fires}"}).encode()
        return timed([*CLEAN, str(HOOK)], raw, self.environ)

    def end_sender(self) -> None:
        """Kill the sender, if there is one, and wait until its place is free."""
        while (fd := sender_start.claim(str(self.root))) is None:
            with contextlib.suppress(ValueError, ProcessLookupError):
                os.kill(int((self.root / "spool" / "sender.lock").read_text()), signal.SIGKILL)
            time.sleep(0.005)
        os.close(fd)


def timed(command: list[str], raw: bytes, environ: dict[str, str]) -> float:
    """Milliseconds from the start of a process to its end."""
    begun = time.perf_counter()
    done = subprocess.run(command, input=raw, env=environ, capture_output=True, check=True)
    took = (time.perf_counter() - begun) * 1000
    assert (done.stdout, done.stderr) == (b"", b"")
    return took


@contextlib.contextmanager
def keeper() -> Iterator[str]:
    """The address of a server in a process of its own, so that it does not share our interpreter."""
    server = Server(("127.0.0.1", 0), Keeper)
    process = multiprocessing.get_context("fork").Process(target=server.serve_forever, daemon=True)
    process.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    process.terminate()
    process.join()
    server.server_close()


def with_sender(laptop: Laptop) -> float:
    """One fire, and then, unmeasured, its delivery: it shall not disturb the next sample."""
    took = laptop.fire()
    while segments.anything_waits(str(laptop.root)):
        time.sleep(0.005)
    return took


def without_sender(laptop: Laptop) -> float:
    """One fire that starts a sender, which is ended for the same reason."""
    took = laptop.fire()
    laptop.end_sender()
    return took


def measure(samples: int) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as folder, keeper() as server:
        homes = [Path(folder, name) for name in ("alone", "served", "starting")]
        for home in homes:
            home.mkdir()
        alone, served, starting = (Laptop(home, server if home.name != "alone" else None) for home in homes)
        ways: dict[str, Callable[[], float]] = {
            "reference": lambda: timed([*CLEAN, "-c", "pass"], b"", alone.environ),
            "no server known": alone.fire,
            "sender is there": lambda: with_sender(served),
            "starts a sender": lambda: without_sender(starting),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(samples + 3):
            for name, way in ways.items():
                took = way()
                if number >= 3:  # the first ones write the byte code and warm the disk's cache
                    taken[name].append(took)
        for laptop in (served, starting):
            laptop.end_sender()
        kept = (alone.root / "spool" / "fires.ndjson").read_text().count("\n")
        assert kept == samples + 3, "each hook has left its row"
    return taken


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--samples", type=int, default=200)
    taken = {name: sorted(values) for name, values in measure(arguments.parse_args().samples).items()}
    reference = taken.pop("reference")
    middle, late = len(reference) // 2, int(len(reference) * 0.99)
    print(f"hook: python -I -S -c pass p50 {reference[middle]:.1f} ms, p99 {reference[late]:.1f} ms, {machine()}")
    for name, values in taken.items():
        ratio = values[middle] / reference[middle]
        print(
            f"  {name}: p50 {values[middle]:.1f} ms, p99 {values[late]:.1f} ms,"
            f" ratio {ratio:.2f} (aim {RATIO_AIM:.0f} and {MILLISECONDS_AIM:.0f} ms)"
        )


if __name__ == "__main__":
    main()
