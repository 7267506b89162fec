"""The committed dashboards as Grafana reads them, and their queries as it would send them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

DEPLOY = Path(__file__).parents[2] / "deploy" / "grafana"
FILES = sorted((DEPLOY / "dashboards").glob("*.json"))


@dataclass(frozen=True)
class Panel:
    """One panel that asks something."""

    file: str
    title: str
    sql: str
    whole: dict[str, Any]

    def override(self, column: str, name: str) -> Any:
        """One property of a column."""
        for entry in self.whole["fieldConfig"]["overrides"]:
            if entry["matcher"] == {"id": "byName", "options": column}:
                for prop in entry["properties"]:
                    if prop["id"] == name:
                        return prop["value"]
        raise AssertionError(f"{self.title} says nothing of {name} of {column}")


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))


def panels() -> Iterator[Panel]:
    """Every panel with a query, and each variable that has one."""
    for path in FILES:
        board = read(path)
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                yield Panel(path.stem, panel["title"], target["rawSql"], panel)
        for variable in board.get("templating", {}).get("list", []):
            yield Panel(path.stem, f"${variable['name']}", variable["query"], variable)


def panel(file: str, title: str) -> Panel:
    return next(found for found in panels() if (found.file, found.title) == (file, title))


@dataclass(frozen=True)
class Grafana:
    """Sends queries as Grafana does: the range and the variables written into the text, as its own role."""

    connection: psycopg.Connection[dict[str, Any]]
    since: datetime
    until: datetime
    engineer: str = "nobody"

    def asked(self, found: Panel) -> list[dict[str, Any]]:
        """The rows of a panel."""
        quoted = "'" + self.engineer.replace("'", "''") + "'"
        text = found.sql.replace("${engineer:sqlstring}", quoted)
        text = text.replace("$__timeFrom()", self._moment(self.since)).replace("$__timeTo()", self._moment(self.until))
        assert re.search(r"\$__|\$\{|%\(", text) is None, f"{found.title} has a word that Grafana does not know"
        return self.connection.execute(text.encode()).fetchall()

    @staticmethod
    def _moment(moment: datetime) -> str:
        return "'" + moment.strftime("%Y-%m-%dT%H:%M:%SZ") + "'"
