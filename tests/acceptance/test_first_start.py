"""The newcomer's start: `tally serve --sample` shows a page, a token that works and the next step, every time."""

import re
from pathlib import Path

from tests.servers import Server, serving

TOKEN = re.compile(r"  Token: (\S+)")
FILE = "first-engineer.token"


def shown(server: Server) -> str:
    """The token that the latest start printed."""
    return TOKEN.findall(server.log)[-1]


def stop_and_start(server: Server) -> None:
    assert server.terminate() == 0
    server.start()


def test_the_first_start_says_where_the_page_is_and_what_to_do_next(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--sample", extra={"GITHUB_USER": "amy"}) as server:
        token = shown(server)
        assert f"Page:  {server.address}/" in server.log
        assert f"connect claude --server {server.address} --token {token}" in server.log
        assert server.call("GET", "/v1/me", token=token).json["engineer_id"] == "amy"
        page = server.call("GET", "/", token=token, headers={"Accept": "text/html"})
        assert (page.status, b"Sample data" in page.body) == (200, True)
        assert (tmp_path / "data" / FILE).stat().st_mode & 0o777 == 0o600


def test_a_second_start_shows_the_same_token_and_the_same_sample(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--sample") as server:
        token = shown(server)
        count = server.rows("SELECT count(*) FROM skill_invocations", "sample")
        stop_and_start(server)
        assert shown(server) == token
        assert server.rows("SELECT count(*) FROM skill_invocations", "sample") == count
        assert server.call("GET", "/v1/me", token=token).status == 200


def test_a_token_that_no_longer_works_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--sample") as server:
        first = shown(server)
        for spoilt in (b"", b"\xff\xfe\0", b"tw_eng_of_another_database", b"x" * 100_000):
            (tmp_path / "data" / FILE).write_bytes(spoilt)
            stop_and_start(server)
            assert shown(server) != first
            assert server.call("GET", "/v1/me", token=shown(server)).status == 200


def test_without_the_sample_there_is_no_sample_and_no_token_on_disk(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        assert TOKEN.findall(server.log) == []
        assert "token create" in server.log
        assert not (tmp_path / "data" / FILE).exists()
        assert server.rows("SELECT count(*) FROM tenants", "sample") == [(0,)]
        token = server.token()
        assert server.call("GET", "/v1/utilization", token=token).json["engineers"] == []
