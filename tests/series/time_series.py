"""A real influxd and a real VictoriaMetrics as processes, written to and asked as their own clients do it."""

import json
import os
import re
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.machine import series
from tests.waiting import eventually

START_SECONDS_MAX = 60.0
DATABASE = "training"
_LISTENS = re.compile(r"Listening on HTTP.* addr=127\.0\.0\.1:(\d+)")
_CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
dir = "{folder}/meta"
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
[monitor]
store-enabled = false
[http]
bind-address = "127.0.0.1:{port}"
[ifql]
enabled = false
"""


def free_port() -> int:
    """A port that nobody listens on now, for a program that does not say which one it took."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def program(name: str) -> str:
    found = series(name)
    assert found is not None, "a test without the marker series asks for one"
    return found


def library_path() -> Mapping[str, str]:
    """What a program that was unpacked finds its libraries by."""
    folders = Path(program("jq")).parent.parent.glob("lib/*-linux-gnu")
    return {"LD_LIBRARY_PATH": ":".join(map(str, folders))}


def asked(url: str, body: bytes | None = None, **query: str) -> tuple[int, str]:
    """Status and body of one answer."""
    try:
        with urllib.request.urlopen(f"{url}?{urlencode(query)}", body, timeout=30) as answer:  # noqa: S310  # our own
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Influx:
    """A running influxd with one database."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        assert self.ask(f"CREATE DATABASE {DATABASE}") is None

    def write(self, body: bytes) -> tuple[int, str]:
        return asked(f"{self.address}/write", body, db=DATABASE)

    def ask(self, query: str) -> Any:
        """The series of one answer, None where there are none."""
        status, body = asked(f"{self.address}/query", b"", q=query, db=DATABASE, epoch="ns")
        assert status == 200, body
        return json.loads(body)["results"][0].get("series")

    def points(self) -> list[dict[str, Any]]:
        """Every point there is: measurement, tags, ns, and the fields that it has."""
        found = self.ask("SELECT * FROM /.*/ GROUP BY *") or []
        return [
            {
                "measurement": one["name"],
                "tags": {name: value for name, value in one.get("tags", {}).items() if value},  # "" is none
                "ns": row[0],
                "fields": {n: v for n, v in zip(one["columns"][1:], row[1:], strict=True) if v is not None},
            }
            for one in found
            for row in one["values"]
        ]

    def forget(self) -> None:
        self.ask(f"DROP DATABASE {DATABASE}")
        self.ask(f"CREATE DATABASE {DATABASE}")


class Victoria:
    """A running VictoriaMetrics."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"

    def is_there(self) -> bool:
        try:
            return asked(f"{self.address}/health")[0] == 200
        except OSError:
            return False

    def write(self, body: bytes) -> tuple[int, str]:
        return asked(f"{self.address}/api/v2/write", body)

    def values(self) -> dict[tuple[str, tuple[tuple[str, str], ...], int], float]:
        """Every number there is, by the name of its series, its labels and its moment in milliseconds."""
        asked(f"{self.address}/internal/force_flush")
        _, body = asked(
            f"{self.address}/api/v1/export", None, **{"match[]": '{__name__!=""}', "start": "0", "end": "9999999999"}
        )
        found = {}
        for line in body.splitlines():
            one = json.loads(line)
            name = one["metric"].pop("__name__")
            labels = tuple(sorted(one["metric"].items()))
            found |= {(name, labels, ms): v for ms, v in zip(one["timestamps"], one["values"], strict=True)}
        return found


@contextmanager
def influxd(folder: Path, port: int = 0) -> Iterator[Influx]:
    """An influxd that keeps its data in `folder`, and is there again with it when it is started there again."""
    folder.mkdir(exist_ok=True)
    (folder / "influxd.conf").write_text(_CONFIG.format(folder=folder, port=port), "utf-8")
    log = folder / "influxd.log"
    begin = log.stat().st_size if log.exists() else 0
    with _running([program("influxd"), "-config", str(folder / "influxd.conf")], log):
        found = eventually(lambda: _LISTENS.search(log.read_text("utf-8")[begin:]), START_SECONDS_MAX)
        yield Influx(int(found[1]))


@contextmanager
def victoria_metrics(folder: Path, port: int = 0) -> Iterator[Victoria]:
    """A VictoriaMetrics that keeps its data in `folder`."""
    folder.mkdir(exist_ok=True)
    port = port or free_port()
    arguments = [f"-storageDataPath={folder}/data", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y"]
    with _running([program("victoria-metrics"), *arguments], folder / "victoria.log"):
        running = Victoria(port)
        assert eventually(running.is_there, START_SECONDS_MAX)
        yield running


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[None]:
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env={**os.environ, **library_path()}
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
