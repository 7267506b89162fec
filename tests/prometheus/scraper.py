"""A real Prometheus as a process, on the configuration that deploy/prometheus gives, and what it found."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.machine import prometheus
from tests.waiting import eventually

DEPLOY = Path(__file__).parents[2] / "deploy" / "prometheus"
START_SECONDS_MAX = 60.0
_LISTENS = re.compile(r'msg="Listening on" address=\S*?:(\d+)')


def program(name: str) -> str:
    found = prometheus(name)
    assert found is not None, "a test without the marker prometheus asks for one"
    return found


class Scraper:
    """A running Prometheus."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._port = int(eventually(self._listens, START_SECONDS_MAX).group(1))
        eventually(self._is_ready, START_SECONDS_MAX)

    def _listens(self) -> re.Match[str] | None:
        return _LISTENS.search(self._log.read_text("utf-8"))

    def _is_ready(self) -> bool:
        """It listens before it can answer, and refuses every question with 503 until then."""
        try:
            with urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=10) as answer:
                return answer.status == HTTPStatus.OK
        except HTTPError:
            return False

    def asked(self, path: str, **query: str) -> Any:
        """The data of one answer of its API."""
        with urlopen(f"http://127.0.0.1:{self._port}/api/v1/{path}?{urlencode(query)}", timeout=10) as answer:
            return json.load(answer)["data"]

    def value(self, query: str) -> float | None:
        """The one number of a query, None while there is none."""
        found = self.asked("query", query=query)["result"]
        return float(found[0]["value"][1]) if found else None


@contextmanager
def scraping(folder: Path, address: str, token: str) -> Iterator[Scraper]:
    """A Prometheus that scrapes `address` every second, with the configuration of deploy/prometheus otherwise."""
    written = (DEPLOY / "prometheus.yml").read_text("utf-8")
    changed = written.replace("127.0.0.1:8787", address).replace("scrape_interval: 15s", "scrape_interval: 1s")
    (folder / "prometheus.yml").write_text(changed, "utf-8")
    (folder / "rules.yml").write_bytes((DEPLOY / "rules.yml").read_bytes())
    (folder / "tallyward.token").write_text(token, "utf-8")
    log = folder / "prometheus.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                program("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/series",
                "--web.listen-address=127.0.0.1:0",
            ],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        yield Scraper(log)
    finally:
        process.terminate()
        process.wait(30)
