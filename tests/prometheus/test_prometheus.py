"""A real Prometheus scrapes a real server, and its promtool finds nothing to say of our figures and our alarms."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.databases import Databases
from tests.prometheus.scraper import DEPLOY, program, scraping
from tests.servers import serving
from tests.waiting import eventually

pytestmark = pytest.mark.prometheus

ROW = {"engineer_id": "thomas-c", "skill_name": "/start", "runtime": "claude-code-cli", "status": "success"}
SCRAPED_SECONDS_MAX = 60.0


def test_a_prometheus_with_our_configuration_reads_what_was_stored(cluster: Databases, migrated: str, tmp_path: Path):
    name = cluster.create(template=migrated)
    with serving(tmp_path / "data", database=cluster.url(name)) as server:
        server.call("POST", "/v1/trace", [ROW, ROW, ROW], token=server.token("capture"))
        token = server.token("read")
        with scraping(tmp_path, server.address.removeprefix("http://"), token) as seen:
            stored = 'tally_rows_total{table="skill_invocations", outcome="stored"}'
            assert eventually(lambda: seen.value(stored), SCRAPED_SECONDS_MAX) == 3.0
            assert seen.value('up{job="tallyward"}') == 1.0
            traced = 'tally_http_requests_total{method="POST", route="/v1/trace", status="202"}'
            assert seen.value(traced) == 1.0
            assert seen.value('tally_http_request_duration_seconds_count{route="/v1/trace"}') == 1.0
            assert seen.value("process_resident_memory_bytes") > 10_000_000
            assert seen.value("time() - tally_latest_fire_timestamp_seconds") < SCRAPED_SECONDS_MAX
            names = seen.asked("label/__name__/values")
            rules = seen.asked("rules")["groups"][0]["rules"]
            labels = set(seen.asked("labels"))
    cluster.drop(name)

    assert [rule["lastError"] for rule in rules if rule.get("lastError")] == []
    assert {"tally_queue_rows", "tally_live_viewers", "tally_pool_available", "tally_laptop_rows_lost"} <= set(names)
    ours = {"method", "route", "status", "table", "outcome", "cause", "version", "le", "signal", "state"}
    python = {"implementation", "major", "minor", "patchlevel"}
    theirs = {"__name__", "job", "instance", "alertname", "alertstate", "severity"}
    assert labels <= ours | python | theirs, "no label may grow with people, skills or repositories"


def test_promtool_finds_no_fault_with_the_figures(cluster: Databases, migrated: str, tmp_path: Path):
    name = cluster.create(template=migrated)
    with serving(tmp_path / "data", database=cluster.url(name)) as server:
        server.call("POST", "/v1/trace", ROW, token=server.token("capture"))
        text = server.call("GET", "/metrics", token=server.token("read")).body
    cluster.drop(name)
    done = subprocess.run([program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False)

    assert b"tally_rows_total" in text
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_the_alarms_ring_when_they_should(tmp_path: Path):
    shutil.copy(DEPLOY / "rules.yml", tmp_path)
    shutil.copy(Path(__file__).with_name("rules_test.yml"), tmp_path)
    done = subprocess.run(
        [program("promtool"), "test", "rules", "rules_test.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    checked = subprocess.run(
        [program("promtool"), "check", "config", str(configured(tmp_path))], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert checked.returncode == 0, checked.stdout + checked.stderr


def configured(folder: Path) -> Path:
    """The configuration with the token file that it asks for."""
    (folder / "tallyward.token").write_text("a token", "utf-8")
    return Path(shutil.copy(DEPLOY / "prometheus.yml", folder))
