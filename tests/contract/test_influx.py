"""InfluxDB's calls: what is stored, what is refused by its line, and that a repeat changes nothing."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tallyward import clock
from tallyward.domain.line_protocol import Point
from tallyward.domain.series import Schema, nanoseconds
from tallyward.errors import Invalid
from tests.in_process import Answer, InProcess, application

NS = 1_700_000_000_000_000_000
OBSERVED = f"pr_observation,repo=acme_shop,pr=7,author=bot[bot] checks_total=3i,mergeable=true {NS}"
ALL = "SELECT series, ns, repo, pr, tags, fields, change FROM series_points ORDER BY change"


class Writer:
    """A site, and what it does with lines."""

    def __init__(self, site: InProcess, token: str) -> None:
        self.site, self.token = site, token

    async def write(self, *lines: str, query: str = "", path: str = "/api/v2/write", **headers: str) -> Answer:
        return await self.site.call(
            "POST", path + query, body="\n".join(lines).encode(), authorization=f"Token {self.token}", **headers
        )

    async def rows(self, tenant: str = "default") -> list[dict[str, Any]]:
        async with self.site.app.state.database.transaction(tenant) as connection:
            return await (await connection.execute(ALL)).fetchall()


@pytest.fixture
async def writer(database_url: str) -> AsyncIterator[Writer]:
    async with application(database_url) as site:
        yield Writer(site, await site.token(["capture"]))


async def test_a_line_is_stored_when_it_is_answered(writer: Writer):
    answer = await writer.write(OBSERVED, query="?org=agentic&bucket=training&precision=ns")
    (row,) = await writer.rows()

    assert (answer.status, answer.body) == (204, b"")
    assert row["series"] == "pr_observation,author=bot[bot],pr=7,repo=acme_shop"
    assert (row["ns"], row["repo"], row["pr"]) == (NS, "acme_shop", 7)
    assert row["tags"] == {"repo": "acme_shop", "pr": "7", "author": "bot[bot]"}
    assert row["fields"] == {"checks_total": 3, "mergeable": True}


async def test_a_form_a_bearer_and_gzip_are_lines_too(writer: Writer):
    packed = gzip.compress(OBSERVED.encode())
    form = await writer.write(OBSERVED, content_type="application/x-www-form-urlencoded")
    zipped = await writer.site.call(
        "POST", "/api/v2/write", body=packed, token=writer.token, content_encoding="gzip", content_type="text/plain"
    )
    v1 = await writer.write(OBSERVED, path="/write", query="?db=training&rp=autogen&precision=n")

    assert (form.status, zipped.status, v1.status) == (204, 204, 204)
    assert len(await writer.rows()) == 1


async def test_good_lines_are_kept_and_bad_ones_named_in_influxdbs_shape_and_in_ours(writer: Writer):
    answer = await writer.write(
        OBSERVED, "# nothing", "pr_observation,repo=a,pr=1 checks_total=NaN", "action_taken,repo=a,pr=1 action=", ""
    )
    said = answer.json

    assert (answer.status, said["code"], said["line"]) == (400, "invalid", 3)
    assert said["message"].startswith('partial write: line 3: invalid number: field "checks_total"; line 4: missing')
    assert said["message"].endswith("dropped=2")
    assert [line["line"] for line in said["lines"]] == [3, 4]
    assert (said["error"]["code"], said["error"]["message"]) == ("lines_refused", said["message"])
    assert answer.headers["x-influxdb-error"] == said["message"]
    assert [row["series"] for row in await writer.rows()] == ["pr_observation,author=bot[bot],pr=7,repo=acme_shop"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("cpu,host=a load=1", 'measurement "cpu" is not kept here'),
        ("pr_observation,repo=a,pr=1,title=x checks_total=1i", 'tag "title" is not kept here'),
        ("pr_observation,repo=a,pr=1 body=1i", 'field "body" of measurement "pr_observation" is not kept here'),
        (
            "pr_observation,repo=a,pr=1 checks_total=1",
            'input field "checks_total" on measurement "pr_observation" is type float, already exists as type integer',
        ),
        ("outcome,repo=a,pr=1 resolution_hours=1i", "field type conflict"),
        ("pr_observation,repo=a,pr=1 mergeable=1i", "field type conflict"),
        ("pr_observation,repo=a checks_total=1i", 'tag "pr" of measurement "pr_observation" is missing'),
        ("pr_observation,repo=a,pr=x checks_total=1i", 'tag "pr" is not the number of a pull request'),
        ("pr_observation,repo=a,pr=9999999999 checks_total=1i", 'tag "pr" is not the number of a pull request'),
        ('action_taken,repo=a,pr=1 action="two words"', 'field "action" must be one word'),
        ('action_taken,repo=a,pr=1 action=""', 'field "action" must be one word'),
        (f'action_taken,repo=a,pr=1 action="ghp_{"x" * 36}"', 'field "action" looks like a token or key'),
        (f"pr_observation,repo=ghp_{'x' * 36},pr=1 checks_total=1i", 'tag "repo" looks like a token or key'),
        (f"pr_observation,repo={'a' * 201},pr=1 checks_total=1i", 'tag "repo" must have at most 200'),
        ("pr_observation,repo=a\x00b,pr=1 checks_total=1i", 'tag "repo" must have at most 200'),
        (f"pr_observation,repo=a,pr=1 checks_total=1i {NS // 10**9}", "the time lies before 2000; is the precision"),
        ("pr_observation,repo=a,pr=1 checks_total=1i 4000000000000000000", "the time lies in the future"),
    ],
)
async def test_what_is_not_kept_is_refused_by_name(writer: Writer, line: str, reason: str):
    answer = await writer.write(line)

    assert (answer.status, answer.json["line"]) == (400, 1)
    assert reason in answer.json["message"]
    assert await writer.rows() == []


async def test_a_repeat_changes_nothing_and_another_field_joins_the_point(writer: Writer):
    for _ in range(2):
        assert (await writer.write(OBSERVED, OBSERVED)).status == 204
    (before,) = await writer.rows()
    await writer.write(f"pr_observation,author=bot[bot],pr=7,repo=acme_shop checks_total=4i,is_draft=false {NS}")
    (after,) = await writer.rows()
    await writer.write(f"pr_observation,author=bot[bot],pr=7,repo=acme_shop is_draft=false {NS}")

    assert after["fields"] == {"checks_total": 4, "mergeable": True, "is_draft": False}
    assert after["change"] > before["change"], "whoever forwards points hears of it again"
    assert await writer.rows() == [after]


async def test_two_lines_of_one_body_with_one_moment_are_one_point(writer: Writer):
    start = f"outcome,repo=a,pr=1 {{}} {NS}"
    answer = await writer.write(start.format('result="success"'), start.format("resolution_hours=0.5"))

    assert answer.status == 204
    assert [row["fields"] for row in await writer.rows()] == [{"result": "success", "resolution_hours": 0.5}]


@pytest.mark.parametrize(("precision", "number"), [("s", NS // 10**9), ("ms", NS // 10**6), ("us", NS // 1000)])
async def test_moments_are_kept_in_nanoseconds(writer: Writer, precision: str, number: int):
    answer = await writer.write(f'outcome,repo=a,pr=1 result="x" {number}', query=f"?precision={precision}")

    assert (answer.status, [row["ns"] for row in await writer.rows()]) == (204, [NS])


async def test_a_line_without_a_moment_is_of_now(writer: Writer):
    begun = nanoseconds(clock.now())
    await writer.write('outcome,repo=a,pr=1 result="success"')

    assert begun <= (await writer.rows())[0]["ns"] <= nanoseconds(clock.now())


async def test_words_of_an_orchestrator_are_short_printable_and_without_secrets(writer: Writer):
    key = "ghp_" + "x" * 36
    await writer.write(f'action_taken,repo=a,pr=1 action="wait",reason="CI\nruns {key} {"y" * 300}" {NS}')
    (row,) = await writer.rows()

    assert row["fields"]["reason"].startswith("CI runs [redacted] yyy")
    assert len(row["fields"]["reason"]) == 200


@pytest.mark.parametrize(
    ("query", "field"), [("?precision=fortnight", "precision"), ("?precision=h", "precision"), ("?retention=1", None)]
)
async def test_what_cannot_be_asked_is_400_as_influxdb_says_it(writer: Writer, query: str, field: str | None):
    answer = await writer.write(OBSERVED, query=query)

    assert (answer.status, answer.json["code"]) == (400, "invalid")
    assert field is None or answer.json["error"]["field"] == field


async def test_who_may_not_write_is_told_so_in_influxdbs_words(writer: Writer):
    reader = await writer.site.token(["read"])
    nobody = await writer.site.call("POST", "/api/v2/write", body=OBSERVED.encode())
    lead = await writer.site.call("POST", "/api/v2/write", body=OBSERVED.encode(), authorization=f"Token {reader}")

    assert (nobody.status, nobody.json["code"]) == (401, "unauthorized")
    assert (lead.status, lead.json["code"]) == (403, "forbidden")


async def test_too_many_lines_are_too_large(writer: Writer):
    answer = await writer.write(*[OBSERVED] * 10_002)

    assert (answer.status, answer.json["code"]) == (413, "request too large")
    assert await writer.rows() == []


async def test_a_tenant_names_what_else_it_keeps(database_url: str, tmp_path: Path):
    folder = tmp_path / "default"
    folder.mkdir()
    (folder / "tenant.toml").write_text(
        '[series.measurements.deploy]\ntags = ["service"]\nrequired = ["service"]\n'
        'fields = { seconds = "float", ok = "boolean", note = "text", bytes = "unsigned" }\n'
        '[series.measurements.pr_observation]\nfields = { labels = "integer" }\n',
        "utf-8",
    )
    async with application(database_url, tenants_dir=tmp_path) as site:
        writer = Writer(site, await site.token(["capture"]))
        good = await writer.write(
            f'deploy,service=web seconds=1.5,ok=t,note="done",bytes=3u {NS}',
            f"pr_observation,repo=a,pr=1 labels=2i,checks_total=1i {NS}",
        )
        bad = await writer.write(f"deploy seconds=1.5 {NS}", f"deploy,service=web bytes=3i {NS}")
        rows = await writer.rows()

    assert (good.status, bad.status, bad.json["lines"][0]["line"]) == (204, 400, 1)
    assert "type integer, already exists as type unsigned" in bad.json["lines"][1]["message"]
    assert [(row["repo"], row["fields"]) for row in rows] == [
        (None, {"seconds": 1.5, "ok": True, "note": "done", "bytes": 3}),
        ("a", {"labels": 2, "checks_total": 1}),
    ]


async def _append_in_vain(writer: Writer, point: Point) -> None:
    async with writer.site.app.state.database.transaction("default") as connection:
        await writer.site.app.state.series.append(connection, "default", [point])
        raise ZeroDivisionError


async def test_points_of_our_own_come_with_the_transaction_that_makes_them(writer: Writer):
    series, database = writer.site.app.state.series, writer.site.app.state.database
    acted = Point("action_taken", {"repo": "acme/shop", "pr": "7"}, {"action": "wait", "reason": "checks run"}, NS)
    with pytest.raises(ZeroDivisionError):
        await _append_in_vain(writer, acted)
    assert await writer.rows() == []
    async with database.transaction("default") as connection:
        counts = [await series.append(connection, "default", [acted]) for _ in range(2)]
        with pytest.raises(Invalid, match="not kept"):
            await series.append(connection, "default", [Point("cpu", {}, {"load": 1.0}, NS)])

    assert counts == [1, 0]
    assert [row["repo"] for row in await writer.rows()] == ["acme/shop"]
    assert await writer.rows("sample") == []


def test_settings_that_cannot_be_meant_are_named():
    from tallyward.domain.series import MeasurementConfig, SeriesConfig

    def problem(**measurement: Any) -> str:
        return SeriesConfig({"deploy": MeasurementConfig(**measurement)}).problems()[0]

    assert "names no field" in problem()
    assert "is no name" in problem(fields={"time": "float"})
    assert "not among its tags" in problem(required=("a",), fields={"f": "float"})
    other = SeriesConfig({"outcome": MeasurementConfig(fields={"result": "integer"})})
    assert "another kind" in other.problems()[0]
    assert Schema().kinds("outcome")["result"] == "word"
