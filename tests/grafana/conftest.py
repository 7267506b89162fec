"""A ledger with something of everything in it, and Grafana's own role to read it with."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg.rows import dict_row

from tallyward import clock
from tallyward.ledger.cluster_init import SUPERUSER
from tests.databases import Databases
from tests.grafana.board import DEPLOY, Grafana
from tests.in_process import InProcess, application

PASSWORD = "for a test"
UNTIL = datetime(2026, 10, 31, 12, tzinfo=UTC)
SINCE = UNTIL - timedelta(days=30)
RANGE = f"from={clock.iso(SINCE)}&to={clock.iso(UNTIL)}".replace("+", "%2B")
HOSTILE = "o'brien'; DROP TABLE tenants; --"


@dataclass(frozen=True)
class Desk:
    """The application, and Grafana beside it."""

    site: InProcess
    grafana: Grafana

    async def told(self, path: str) -> Any:
        """What the API says of the same range to an admin."""
        joint = "&" if "?" in path else "?"
        answer = await self.site.call("GET", f"{path}{joint}{RANGE}", token=await self.site.token(["admin"]))
        assert answer.status == 200, answer.json
        return answer.json


@contextmanager
def reading(cluster: Databases, url: str, engineer: str = HOSTILE) -> Iterator[Grafana]:
    """Grafana on the database of `url`, as the role that reader.sql makes."""
    script = (DEPLOY / "reader.sql").read_text("utf-8")
    if cluster.embedded is None:  # no superuser here: the connection says the tenant, as the role's setting would
        script, _, _ = script.partition("ALTER ROLE tally_reader SET tally.tenant")
    with _administrating(cluster, url) as owner:
        owner.execute(script.encode())
        owner.execute(f"ALTER ROLE tally_reader PASSWORD '{PASSWORD}'".encode())
    name = _name(url)
    with psycopg.connect(_as_reader(cluster, name), row_factory=dict_row, autocommit=True) as connection:
        yield Grafana(connection, SINCE, UNTIL, engineer)
    with _administrating(cluster, url) as owner:
        owner.execute(b"DROP OWNED BY tally_reader")
        owner.execute(b"DROP ROLE tally_reader")


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


def _administrating(cluster: Databases, url: str) -> psycopg.Connection[Any]:
    administrator = url if cluster.embedded is None else cluster.embedded.url(SUPERUSER, "", _name(url))
    return psycopg.connect(administrator, autocommit=True)


def _as_reader(cluster: Databases, name: str) -> str:
    if cluster.embedded is not None:
        return cluster.embedded.url("tally_reader", "", name)
    parts = urlsplit(cluster.url(name))
    host = parts.netloc.rpartition("@")[2]
    login = f"tally_reader:{PASSWORD.replace(' ', '%20')}@{host}"
    return urlunsplit(parts._replace(netloc=login, query="options=-c%20tally.tenant%3Ddefault"))


def at(days: float, **columns: Any) -> dict[str, Any]:
    """A row of so many days before the end of the range."""
    return {"ts": clock.iso(UNTIL - timedelta(days=days)), **columns}


def fire(engineer: str, skill: str, days: float = 1, **columns: Any) -> dict[str, Any]:
    plain = {"runtime": "claude-code-cli", "status": "success"}
    return at(days, engineer_id=engineer, skill_name=skill, **{**plain, **columns})


def _fires() -> list[dict[str, Any]]:
    busy = [fire("thomas-c", "/start", day % 29 + 0.1, latency_ms=40 + day) for day in range(301)]
    steady = [fire("hamza-n", "/ship", day % 7 + 0.1, status=("success", "error")[day % 5 == 0]) for day in range(60)]
    tools = [fire("amy", "Bash", 2, kind="tool") for _ in range(40)]
    prompts = [fire("amy", "session", 2, kind="session", session_id=f"s{day % 3}") for day in range(6)]
    agents = [
        fire("unknown", agent, 3, runtime="k8s-job", kind="agent", cost_usd_cents=cents)
        for agent, cents in (("fixer", 1500), ("fixer", 1500), ("writer", 3001), ("idle", 0), ("loose", None))
    ]
    outside = [fire("thomas-c", "/start", 31), fire("thomas-c", "/start", -1)]
    return [*busy, *steady, *tools, *prompts, *agents, *outside, fire(HOSTILE, "/a'b%s", 4, repo="acme/app")]


def _requests() -> list[dict[str, Any]]:
    one = {"runtime": "claude-code-cli", "repo": "acme/app", "input_tokens": 1000, "output_tokens": 2000}
    names = ("claude-opus-4-8", "claude-haiku-4-5", "no-such-model")
    return [
        at(number % 9 + 0.1, request_key=f"m{number}", engineer_id="amy", model=names[number % 3], **one)
        for number in range(30)
    ]


_PULLS = (
    ("axon/fixer/1", 2, 1, None), ("axon/fixer/2", 3, 2, 1), ("axon/fixer/9", 50, 40, None), ("feature", 8, 7.5, None),
    ("axon/writer/1", 5, 4, None), ("axon/writer/2", 5, None, None),
)  # fmt: skip


async def _fill(site: InProcess, url: str) -> None:
    machine = await site.token(["capture"])
    for path, rows in (("/v1/trace", _fires()), ("/v1/usage", _requests())):
        answer = await site.call("POST", path, token=machine, body=rows)
        assert answer.status == 202, answer.json
    moments = [(n, head, *(_ago(days) for days in ages)) for n, (head, *ages) in enumerate(_PULLS)]
    async with await psycopg.AsyncConnection.connect(url) as owner:
        await owner.execute("SELECT set_config('tally.tenant', 'default', false)")
        await _snapshot(owner)
        for number, head, opened, merged, reverted in moments:
            await owner.execute(
                "INSERT INTO pull_requests (repo, number, state, head_branch, opened_at, merged_at, reverted_at)"
                " VALUES ('acme/app', %s, %s, %s, %s, %s, %s)",
                (number, "merged" if merged else "open", head, opened, merged, reverted),
            )


async def _snapshot(owner: psycopg.AsyncConnection[Any]) -> None:
    await owner.execute(
        "INSERT INTO agent_health_stats (snapshot_date, agent_name, runs_30d, prs_opened_30d, prs_merged_30d,"
        " prs_reverted_30d) VALUES ('2026-10-30', 'fixer', 2, 4, 3, 1), ('2026-10-30', 'idle', 1, 0, 0, 0)"
    )


def _ago(days: float | None) -> datetime | None:
    return None if days is None else UNTIL - timedelta(days=days)


@asynccontextmanager
async def desk_on(cluster: Databases, url: str, **settings: Any) -> AsyncIterator[Desk]:
    async with application(url, **settings) as site:
        await _fill(site, url)
        with reading(cluster, url) as grafana:
            yield Desk(site, grafana)


@pytest.fixture
async def desk(cluster: Databases, database_url: str) -> AsyncIterator[Desk]:
    """A filled ledger, the application on it, and Grafana."""
    async with desk_on(cluster, database_url) as found:
        yield found


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Where a test may write dashboards."""
    return tmp_path / "dashboards"
