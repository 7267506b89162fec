"""`tally export training` and `tally training report` from end to end, on a real server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.servers import Server, serving, tally

NS = 1_700_000_000_000_000_000
HOUR = 3_600_000_000_000
LINES = f"""
pr_observation,repo=acme_shop,pr=7 checks_failing=1i,merge_state="BLOCKED" {NS}
action_taken,repo=acme_shop,pr=7 action="wait",reason="checks run" {NS + HOUR}
outcome,repo=acme_shop,pr=7 result="success",resolution_hours=2.5 {NS + 2 * HOUR}
action_taken,repo=acme_shop,pr=8 action="merge",reason="all is well" {NS + 3 * HOUR}
"""


@pytest.fixture
def server(cluster: Databases, migrated: str, tmp_path: Path) -> Iterator[Server]:
    name = cluster.create(template=migrated)
    with serving(tmp_path / "data", database=cluster.url(name)) as running:
        done = running.call("POST", "/api/v2/write", LINES.encode(), token=running.token("capture"))
        assert done.status == 204
        yield running
    cluster.drop(name)


def export(server: Server, home: Path, *arguments: str):
    return tally("export", "training", "--database", server.database_url, *arguments, home=home)


def test_every_decision_is_a_line_and_the_same_each_time(server: Server, tmp_path: Path):
    first, again = (export(server, tmp_path, "--since", "2023-01-01", "--json") for _ in range(2))
    rows = [json.loads(line) for line in first.stdout.splitlines()]

    assert (first.returncode, first.stdout) == (0, again.stdout)
    assert [(row["pr"], row["action"], row["outcome"], row["resolution_hours"]) for row in rows] == [
        (7, "wait", "success", 2.5),
        (8, "merge", None, None),
    ]
    assert rows[0]["state"] == {"checks_failing": 1, "merge_state": "BLOCKED"}
    assert (rows[0]["source"], rows[0]["reason"], rows[1]["censored"]) == ("points", "checks run", True)
    said = json.loads(first.stderr)
    assert (said["rows"], said["censored"], said["output"]) == (2, 1, None)


def test_a_file_is_there_whole_or_as_it_was(server: Server, tmp_path: Path):
    target = tmp_path / "training.jsonl"
    target.write_text("before")
    wrong = export(server, tmp_path, "--output", str(target), "--since", "yesterday")
    nobody = export(server, tmp_path, "--output", str(target), "--tenant", "nobody")
    before = target.read_text("utf-8")
    right = export(server, tmp_path, "--output", str(target), "--since", "2023-01-01", "--json")
    nowhere = export(server, tmp_path, "--output", str(tmp_path / "no" / "where"))

    assert (wrong.returncode, nobody.returncode, nowhere.returncode, before) == (2, 2, 2, "before")
    assert "write 90d" in wrong.stderr
    assert "cannot be written" in nowhere.stderr
    assert (right.returncode, json.loads(right.stdout)["output"]) == (0, str(target))
    assert len(target.read_text("utf-8").splitlines()) == json.loads(right.stdout)["rows"]
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_the_report_and_the_sinks_are_told_on_the_terminal(server: Server, tmp_path: Path):
    asking = {"TALLY_SERVER": server.address, "TALLY_TOKEN": server.token("read")}
    table = tally("training", "report", "--since", "2023-01-01", home=tmp_path, extra=asking)
    told = tally("training", "report", "--since", "2023-01-01", "--json", home=tmp_path, extra=asking)
    none = tally("training", "report", "--days", "1", home=tmp_path, extra=asking)
    sinks = tally("sinks", home=tmp_path, extra=asking)

    assert (table.returncode, told.returncode) == (0, 0), table.stderr + told.stderr
    wait = next(line for line in table.stdout.splitlines() if line.startswith("wait"))
    assert wait.split() == ["wait", "1", "1", "0", "100", "%", "21-100", "%", "2.5", "-", "2.5", "-"]
    assert [line["action"] for line in json.loads(told.stdout)["actions"]] == ["merge", "wait"]
    assert none.stdout.strip() == "No decisions in 1 days."
    assert sinks.stdout.startswith("No sinks.")
