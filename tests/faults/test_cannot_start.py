"""What keeps a server from starting is one line that says what to do, and exit code 2, never a traceback."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from tallyward.ledger import embedded
from tests.databases import Databases
from tests.servers import serving, tally


def require_one_line(done: subprocess.CompletedProcess[str], *named: str) -> None:
    """Exit code 2, and one line on standard error that names these."""
    lines = done.stderr.splitlines()
    assert (done.returncode, len(lines)) == (2, 1), (done.returncode, done.stdout, done.stderr)
    assert lines[0].startswith("tally: ")
    for name in named:
        assert name in lines[0]


def serve(tmp_path: Path, *arguments: str, data: Path | None = None, **extra: str) -> subprocess.CompletedProcess[str]:
    where = data if data is not None else tmp_path / "data"
    return tally("serve", "--port", "0", *arguments, "--data", str(where), home=tmp_path, extra=extra)


def test_a_port_in_use_is_named_and_nothing_is_begun(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        require_one_line(serve(tmp_path, "--port", str(port)), f"127.0.0.1:{port}", "--port")
    assert not (tmp_path / "data").exists()


def test_a_data_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    require_one_line(serve(tmp_path), str(tmp_path / "data"), "--data")
    assert (tmp_path / "data").read_text() == "mine"


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder that nobody can write, root neither; skips where that cannot be made."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        yield
        folder.chmod(0o700)
        return
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("root can write everywhere here, and may not mount anything read-only")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "fixed").mkdir()
    with read_only(tmp_path / "fixed"):
        for data in (tmp_path / "fixed", tmp_path / "fixed" / "new"):
            require_one_line(serve(tmp_path, data=data), str(data), "--data")


def test_a_cluster_that_is_none_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "data" / "pg").mkdir(parents=True)
    (tmp_path / "data" / "pg" / "thesis.txt").write_text("mine")
    require_one_line(serve(tmp_path), str(tmp_path / "data" / "pg"))
    assert (tmp_path / "data" / "pg" / "thesis.txt").read_text() == "mine"


def test_a_broken_cluster_is_told_with_the_last_words_of_postgresql(tmp_path: Path) -> None:
    embedded.start(tmp_path / "data").stop()
    (tmp_path / "data" / "pg" / "global" / "pg_control").unlink()
    require_one_line(serve(tmp_path), "pg_control", "postgresql.log")
    assert embedded.running(tmp_path / "data") is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("INSERT INTO schema_migrations (version, name, digest) VALUES (9999, 'later', 'x')", "9999"),
        ("UPDATE schema_migrations SET digest = 'other' WHERE version = 1", "0001"),
    ],
)
def test_a_database_of_another_release_is_named_and_not_touched(
    tmp_path: Path, database_url: str, change: LiteralString, named: str
) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute(change)
    require_one_line(serve(tmp_path, "--database", database_url), named)
    done = tally("token", "list", "--database", database_url, home=tmp_path)
    require_one_line(done, named)


def test_an_old_database_is_migrated_by_the_server_and_by_nothing_else(tmp_path: Path, empty_database_url: str) -> None:
    done = tally("token", "list", "--database", empty_database_url, home=tmp_path)
    require_one_line(done, "tally serve")
    with serving(tmp_path / "data", database=empty_database_url) as server:
        assert "Migrated the database: 0001" in server.log


@pytest.mark.parametrize(
    "url", ["postgresql://tally:hunter2@127.0.0.1:9/tally", "postgresql://tally:hunter2@/tally?host=/nowhere"]
)
def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path, url: str) -> None:
    done = serve(tmp_path, "--database", url)
    require_one_line(done, "does not answer")
    assert "hunter2" not in done.stdout + done.stderr


def test_a_server_whose_role_stands_above_the_rules_of_rows_does_not_start(
    tmp_path: Path, cluster: Databases, empty_database_url: str
) -> None:
    """A superuser as owner is held to them by the application role; only that role itself must not be one."""
    if cluster.embedded is None:
        pytest.skip("needs a superuser, which only the embedded PostgreSQL lends to tests")
    database = empty_database_url.partition("?")[0].rpartition("/")[2]
    url = cluster.embedded.url("tally_super", "", database)
    with serving(tmp_path / "data", database=url) as server:
        server.call("POST", "/v1/trace", [], token=server.token())
        assert server.call("GET", "/v1/fires", token=server.token()).json["fires"] == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--database", "mysql://h/d"], "postgresql://"),
        (["--tenants", "nowhere"], "nowhere"),
        (["--host", "256.1.1.1"], "256.1.1.1"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path, arguments: list[str], named: str) -> None:
    require_one_line(serve(tmp_path, *arguments), named)


def test_a_port_in_the_environment_that_is_none_is_named(tmp_path: Path) -> None:
    done = tally("serve", "--data", str(tmp_path / "data"), home=tmp_path, extra={"TALLY_PORT": "http"})
    require_one_line(done, "TALLY_PORT")


def test_settings_of_a_tenant_that_are_wrong_are_named_by_file_and_key(tmp_path: Path) -> None:
    (tmp_path / "tenants" / "org").mkdir(parents=True)
    (tmp_path / "tenants" / "org" / "tenant.toml").write_text("counted_kind = ['skill']\n")
    require_one_line(serve(tmp_path, "--tenants", str(tmp_path / "tenants")), "tenant.toml", "counted_kind")


def test_a_misspelt_variable_is_noticed(tmp_path: Path, database_url: str) -> None:
    with serving(tmp_path / "data", database=database_url, extra={"TALLY_DTA": "x"}) as server:
        assert "TALLY_DTA" in server.log
