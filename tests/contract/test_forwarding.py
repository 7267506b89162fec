"""Points on their way to a sink: what happens at each of its answers, seen from `/v1/sinks`."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tallyward import clock
from tallyward.errors import ConfigInvalid
from tallyward.services.forwarding import BATCH_POINTS, Forwarder
from tests.in_process import InProcess, application
from tests.listening_server import ListeningServer, Reply

NS = 1_700_000_000_000_000_000


class Line:
    """A site with one sink, forwarded to by hand, and the lines that the sink was sent."""

    def __init__(self, site: InProcess, listener: ListeningServer, tokens: tuple[str, str]) -> None:
        self.site, self.listener = site, listener
        self.capture, self.read = tokens
        state = site.app.state
        self.forwarder = Forwarder(state.database, state.tenants, state.series)
        self.sink = self.forwarder._sinks[0][1]

    async def write(self, *prs: int) -> None:
        body = "\n".join(f'outcome,repo=a,pr={pr} result="success" {NS + pr}' for pr in prs).encode()
        assert (await self.site.call("POST", "/api/v2/write", token=self.capture, body=body)).status == 204

    async def step(self) -> str:
        return await self.forwarder.forward("default", self.sink)

    @property
    def sent(self) -> list[list[int]]:
        bodies = [request.body.decode().splitlines() for request in self.listener.requests]
        return [[int(line.split("pr=")[1].split(",")[0]) for line in body] for body in bodies]

    async def board(self) -> dict[str, Any]:
        return (await self.site.call("GET", "/v1/sinks", token=self.read)).json


@pytest.fixture
async def line(database_url: str, tmp_path: Path, listener: ListeningServer) -> AsyncIterator[Line]:
    tenant = tmp_path / "tenants" / "default"
    tenant.mkdir(parents=True)
    (tenant / "tenant.toml").write_text(
        f'[[sinks]]\nname = "one"\nkind = "influx2"\nurl = "{listener.url}/"\norg = "o&o"\nbucket = "b"\n'
        'token_file = "one.token"\n',
        "utf-8",
    )
    (tenant / "one.token").write_text("s3cret\n", "utf-8")
    listener.answers = lambda _request: Reply(204)
    async with application(database_url, tenants_dir=tmp_path / "tenants") as site:
        await site.app.state.forwarder.stop()  # a test forwards by hand
        listener.requests.clear()
        yield Line(site, listener, (await site.token(["capture"]), await site.token(["read"])))


async def test_points_go_in_their_order_and_a_place_is_kept_when_they_are_taken(line: Line):
    await line.write(3, 1, 2)
    assert await line.step() == "idle"
    await line.write(4, 3)
    await line.step()
    await line.step()
    (sink,) = (await line.board())["sinks"]

    assert line.sent == [[1, 2, 3], [4]], "by time within a body, and a repeat is no news"
    request = line.listener.requests[0]
    assert request.path == "/api/v2/write?precision=ns&org=o%26o&bucket=b"
    assert request.headers["Authorization"] == "Token s3cret"
    assert (sink["sent"], sink["waiting"], sink["lag_seconds"], sink["last_error"]) == (4, 0, None, None)
    assert sink["delivered_at"] is not None


async def test_more_than_a_batch_goes_in_batches(line: Line):
    await line.write(*range(1, BATCH_POINTS + 3))

    assert [await line.step(), await line.step()] == ["more", "idle"]
    assert list(map(len, line.sent)) == [BATCH_POINTS, 2]


@pytest.mark.parametrize(
    ("reply", "error", "seconds"),
    [
        (Reply(503), "503: ", 1),
        (Reply(500, {"message": "broken"}), '500: {"message": "broken"}', 1),
        (Reply(429, {}, (("Retry-After", "40"),)), "429: {}", 40),
        (Reply(503, {}, (("Retry-After", "99999"),)), "503: {}", 300),
        (Reply(401, {"message": "unauthorized"}), "401: ", 1),
        (Reply(404, {"message": 'bucket "b" not found'}), "404: ", 1),
        (Reply(302, None, (("Location", "http://elsewhere/"),)), "302: ", 1),
    ],
)
async def test_what_is_no_refusal_of_a_point_makes_it_wait(line: Line, reply: Reply, error: str, seconds: int):
    line.listener.answers = lambda _request: reply
    await line.write(1)
    begun = clock.now()
    await line.step()
    (sink,) = (await line.board())["sinks"]
    await line.step()

    assert line.sent == [[1]], "it is not tried again before its time"
    assert sink["last_error"].startswith(error)
    assert (sink["position"], sink["waiting"], sink["parked"], sink["failures"]) == (0, 1, 0, 1)
    assert datetime.fromisoformat(sink["retry_at"]) - begun == pytest.approx(
        timedelta(seconds=seconds), abs=timedelta(seconds=5)
    )


async def test_refused_points_are_found_by_halving_and_parked_with_the_reason(line: Line):
    def refuse_seven_and_nine(request: Any) -> Reply:
        bad = any(f"pr={pr}," in request.body.decode() for pr in (7, 9))
        return Reply(400, {"message": "no\nsevens or nines"}) if bad else Reply(204)

    line.listener.answers = refuse_seven_and_nine
    await line.write(*range(1, 17))
    await line.step()
    board = await line.board()

    assert (board["sinks"][0]["sent"], board["sinks"][0]["waiting"], board["sinks"][0]["parked"]) == (14, 0, 2)
    assert sorted(point["series"] for point in board["parked"]) == ["outcome,pr=7,repo=a", "outcome,pr=9,repo=a"]
    assert board["parked"][0]["reason"] == r'400: {"message": "no\nsevens or nines"}'
    assert len(line.sent) <= 17


async def test_a_body_that_is_too_large_goes_in_smaller_ones(line: Line):
    line.listener.answers = lambda request: Reply(413 if len(request.body.splitlines()) > 5 else 204)
    await line.write(*range(1, 21))
    await line.step()
    (sink,) = (await line.board())["sinks"]

    assert (sink["sent"], sink["parked"]) == (20, 0)


async def test_two_servers_do_not_send_the_same_batch_at_once(line: Line):
    state = line.site.app.state
    other = Forwarder(state.database, state.tenants, state.series)
    await line.write(1, 2)
    await line.step()
    async with state.database.transaction("default") as connection:
        await connection.execute("SELECT 1 FROM sink_cursors WHERE sink = 'one' FOR UPDATE")
        await line.write(3)
        assert await other.forward("default", other._sinks[0][1]) == "idle"
    await other.forward("default", other._sinks[0][1])
    await other.stop()

    assert line.sent == [[1, 2], [3]]


async def test_a_token_is_read_anew_each_time(line: Line, tmp_path: Path):
    token = tmp_path / "tenants" / "default" / "one.token"
    token.unlink()
    await line.write(1)
    await line.step()
    (sink,) = (await line.board())["sinks"]

    assert line.sent == []
    assert "cannot be read" in sink["last_error"]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ('name = "x"\nkind = "kafka"', "kind must be one of influx1, influx2, jsonl"),
        ('name = "x"\nkind = "influx2"', "sinks.x.url is missing"),
        ('name = "x"\nkind = "influx1"\nurl = "http://a"', "sinks.x.bucket is missing"),
        ('name = "x"\nkind = "influx1"\nurl = "http://a"\nbucket = "b"\nuser = "u"', "needs both"),
        ('name = "x"\nkind = "jsonl"', "sinks.x.path is missing"),
        ('name = "X y"\nkind = "jsonl"\npath = "p"', "is no name"),
        ('name = "x"\nkind = "influx2"\nurl = "http://user:pass@a"', "without a user"),
        (
            'name = "x"\nkind = "jsonl"\npath = "p"\n[[sinks]]\nname = "x"\nkind = "jsonl"\npath = "q"',
            "two of the name",
        ),
    ],
)
async def test_a_sink_that_cannot_be_stops_the_start(tmp_path: Path, settings: str, problem: str):
    (tmp_path / "default").mkdir()
    (tmp_path / "default" / "tenant.toml").write_text(f"[[sinks]]\n{settings}\n", "utf-8")
    with pytest.raises(ConfigInvalid, match=problem):
        async with application("postgresql://nowhere", tenants_dir=tmp_path):
            raise AssertionError
