"""`tally import git` as a person runs it: a real server's ledger, a real clone, and one line where it cannot."""

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.git_repository import written
from tests.servers import Server, serving, tally


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an embedded PostgreSQL of its own, as on one machine."""
    with serving(tmp_path_factory.mktemp("import") / "data") as running:
        yield running


def bring(server: Server, path: Path, *options: str) -> CompletedProcess[str]:
    place = ("--data", str(server.data_dir), "--repo", "example/app")
    return tally("import", "git", str(path), "--project", "web", *place, *options, home=server.data_dir.parent)


def test_a_clone_is_brought_into_the_ledger_of_a_running_server(server: Server, tmp_path: Path):
    written(tmp_path / "app")

    said = bring(server, tmp_path / "app")
    again = bring(server, tmp_path / "app", "--json")

    assert said.returncode == 0, said.stderr
    assert "8 new, 0 changed" in said.stdout
    assert "1 of them conflicted" in said.stdout
    assert "4 of 4 work items kept" in said.stderr
    assert json.loads(again.stdout)["pull_requests"] == {"added": 0, "changed": 0, "same": 8}


def test_whoever_tries_no_merge_is_told_what_that_does_to_the_conflict_rate(server: Server, tmp_path: Path):
    written(tmp_path / "app")
    said = bring(server, tmp_path / "app", "--trials", "0")
    assert "4 merges were not made anew, and count as clean in the conflict rate." in said.stdout, said.stderr


def test_what_is_no_clone_is_said_in_one_line(server: Server, tmp_path: Path):
    said = bring(server, tmp_path)

    assert (said.returncode, said.stderr.count("\n")) == (2, 1)
    assert "not a git repository" in said.stderr
