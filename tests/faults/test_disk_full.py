"""A full disk: nothing more is taken in, what is there can be read, no half row stays, and all mends by itself."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tallyward.ops.keeper import DISK_BYTES_KEPT
from tests.faults.load import ROW, Load, require_conserved
from tests.servers import Server, serving
from tests.waiting import eventually

DISK_BYTES = 320 * 1024 * 1024
REASON = "needs a small disk of its own: mounting one is not allowed here"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk. Left out where the user may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=755", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip(REASON)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, *, leaving: int) -> Path:
    """Somebody else's file, which leaves that many bytes free."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - leaving)
    return ballast


def outcome(server: Server, token: str) -> tuple[int, str]:
    reply = server.call("POST", "/v1/trace", [{**ROW, "skill_name": "x" * 300}] * 500, token=token)
    return reply.status, "" if reply.status == 202 else reply.error["code"]


def require_degraded_and_readable(server: Server, token: str) -> None:
    health = server.call("GET", "/v1/health")
    assert (health.status, health.json["degraded"], health.json["database"]["ok"]) == (503, "disk", True)
    assert len(server.call("GET", "/v1/fires", token=token).json["fires"]) > 0
    assert server.call("GET", "/v1/utilization", token=token).status == 200
    assert server.call("GET", "/", token=token, headers={"Accept": "text/html"}).status == 200


def test_f06_a_disk_that_runs_full_under_load_stops_the_intake_alone(disk: Path) -> None:
    with serving(disk / "data") as server:
        token = server.token()
        load = Load(server, token)
        with load.running():
            load.until_confirmed(200)
            ballast = fill(disk, leaving=DISK_BYTES_KEPT - 1)
            eventually(lambda: load.outcomes["disk_full"] > 10, 10)
            refused = server.call("POST", "/v1/trace", ROW, token=token)
            assert (refused.status, refused.error["code"], refused.error["retryable"]) == (503, "disk_full", True)
            assert int(refused.headers["retry-after"]) >= 1
            require_degraded_and_readable(server, token)
            ballast.unlink()
            load.until_confirmed(200)
        assert eventually(lambda: server.call("GET", "/v1/health").status == 200, 5)
        assert set(load.outcomes) == {"confirmed", "disk_full"}
        require_conserved(server, load)


def test_a_disk_that_is_full_to_the_last_byte_is_told_and_recovers(disk: Path) -> None:
    with serving(disk / "data") as server:
        token = server.token()
        assert outcome(server, token) == (202, "")
        before = server.rows("SELECT count(*) FROM skill_invocations")
        ballast = fill(disk, leaving=0)
        assert outcome(server, token) == (503, "disk_full")
        require_degraded_and_readable(server, token)
        assert server.rows("SELECT count(*) FROM skill_invocations") == before, "no part of a refused request is kept"
        ballast.unlink()
        eventually(lambda: outcome(server, token) == (202, ""), 20)
        eventually(lambda: server.call("GET", "/v1/health").status == 200, 10)
        assert server.terminate() == 0
