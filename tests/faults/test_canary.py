"""What must not be kept is nowhere: markers sent wherever the server does not store, looked for in every byte it wrote.

The data directory is searched as bytes: tables, write-ahead log, PostgreSQL's own log; and the server's log beside it.
"""

import gzip
import json
import socket
from collections.abc import Iterator

import psycopg
import pytest

from tests.faults.load import ROW
from tests.servers import Server, serving

CANARY = "c4n4ry"


def marker(place: str) -> str:
    """A text that names where it was put, so that a find says which way it came."""
    return f"{CANARY}-{place}-0xDEADBEEF"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("canary") / "data", "--sample") as running:
        yield running


def everything_written(server: Server) -> dict[str, bytes]:
    """Every file the server and its PostgreSQL wrote, by its name."""
    files = [path for path in server.data_dir.rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in [*files, server.log_path]}


def require_nowhere(server: Server, *markers: str) -> None:
    written = everything_written(server)
    assert any(b"PostgreSQL" in content for content in written.values()), "the search has to see PostgreSQL's files"
    found = {(text, name) for text in markers for name, content in written.items() if text.encode() in content}
    assert found == set()


def send_raw(server: Server, request: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(request.encode("latin-1"))
        connection.recv(65_536)


REFUSED_PLACES = (
    "header", "agent", "referer", "unknown-field", "field-name", "wrong-value", "wrong-type", "nul", "bad-row",
    "no-json", "cut-off", "bytes", "twin",
)  # fmt: skip


def test_f19_nothing_that_was_refused_is_written_anywhere(server: Server) -> None:
    token = server.token("capture", "read")
    headers = {"X-Odd": marker("header"), "User-Agent": marker("agent"), "Referer": f"http://x/{marker('referer')}"}
    bodies = [
        {**ROW, "prompt": marker("unknown-field")},
        {**ROW, marker("field-name"): 1},
        {**ROW, "status": marker("wrong-value")},
        {**ROW, "skill_name": {"text": marker("wrong-type")}},
        {**ROW, "repo": marker("nul") + "\0"},
        [ROW, {**ROW, "latency_ms": marker("bad-row")}],
    ]
    for body in bodies:
        assert server.call("POST", "/v1/trace", body, token=token, headers=headers).status in (400, 422)
    for raw in (
        marker("no-json").encode(),
        b'{"repo":"' + marker("cut-off").encode(),
        b"\xff" + marker("bytes").encode(),
    ):
        assert server.call("POST", "/v1/trace", raw, token=token).status == 400
        assert (
            server.call(
                "POST", "/v1/trace", gzip.compress(raw), token=token, headers={"Content-Encoding": "gzip"}
            ).status
            == 400
        )
    twins = json.dumps(ROW)[:-1] + f', "repo": "{marker("twin")}", "repo": "x"}}'
    assert server.call("POST", "/v1/trace", twins.encode(), token=token).status == 400
    require_nowhere(server, *map(marker, REFUSED_PLACES), CANARY)


def test_f19_no_content_comes_in_by_line_protocol(server: Server) -> None:
    token = server.token("capture")
    start = "pr_observation,repo=a,pr=1"
    lines = {
        "lp-measurement": f'{CANARY}-lp-measurement-0xDEADBEEF f="x"',
        "lp-tag": f"{start},title={marker('lp-tag')} checks_total=1i",
        "lp-field": f'{start} checks_total=1i,body="{marker("lp-field")}"',
        "lp-word": f'{start} merge_state="{marker("lp-word")} and more"',
        "lp-unclosed": f'{start} merge_state="{marker("lp-unclosed")}',
        "lp-number": f"{start} checks_total={marker('lp-number')}",
        "lp-moment": f"{start} checks_total=1i {marker('lp-moment')}",
        "lp-long": f'action_taken,repo=a,pr=1 action="wait",reason="{"x" * 200}{marker("lp-long")}"',
        "lp-secret": f'action_taken,repo=a,pr=2 action="wait",reason="ghp_{"A" * 20}{CANARY}"',
    }
    answer = server.call("POST", "/api/v2/write", "\n".join(lines.values()).encode(), token=token)

    assert (answer.status, [line["line"] for line in answer.json["lines"]]) == (400, [1, 2, 3, 4, 5, 6, 7])
    assert server.rows("SELECT count(*) FROM series_points") == [(2,)]
    require_nowhere(server, *map(marker, lines), CANARY)


def test_f08_no_token_and_no_guess_at_one_is_written_anywhere(server: Server) -> None:
    token = server.token("capture", "read")
    assert server.call("POST", "/v1/trace", ROW, token=token).status == 202
    guess = f"tw_eng_{'Q' * 30}{CANARY}{'Z' * 13}"
    for headers in (
        {"Authorization": f"Bearer {guess}"},
        {"Authorization": f"Basic {guess}"},
        {"Cookie": f"tally_session={guess}"},
    ):
        assert server.call("GET", "/v1/fires", headers=headers).status == 401
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert server.call("POST", "/sign-in", f"token={guess}".encode(), headers=form).status == 401
    assert server.call("POST", "/sign-in", f"token={token}".encode(), headers=form).status == 303
    require_nowhere(server, guess, token, token[-20:])


def test_no_address_and_no_parameter_that_was_asked_for_is_written_anywhere(server: Server) -> None:
    token = server.token("capture", "read")
    for path in (
        f"/v1/{marker('path')}",
        f"/v1/fires?{marker('parameter')}=1",
        f"/v1/fires?session={marker('session')}",
        f"/v1/me?engineer={marker('engineer')}",
        f"/v1/fires?since={marker('since')}",
        f"/me?x={marker('page')}",
    ):
        server.call("GET", path, token=token)
    send_raw(server, f"{marker('method')} / HTTP/1.1\r\n\r\n")
    send_raw(server, f"GET / HTTP/1.1\r\nHost: {marker('host')}\r\n{marker('no-header')}\r\n\r\n")
    places = ["path", "parameter", "session", "engineer", "since", "page", "method", "host", "no-header"]
    require_nowhere(server, *map(marker, places))


def test_a_mistake_of_ours_is_logged_without_what_was_sent(server: Server) -> None:
    token = server.token("capture", "read", tenant="broken")
    with psycopg.connect(server.database_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE skill_invocations RENAME TO gone")
        try:
            read = server.call("GET", f"/v1/fires?session={marker('read')}", token=token)
            wrote = server.call("POST", "/v1/trace", {**ROW, "repo": marker("write")}, token=token)
        finally:
            owner.execute("ALTER TABLE gone RENAME TO skill_invocations")
    assert (read.status, read.error["code"]) == (500, "internal")
    assert (wrote.status, wrote.error["code"]) == (500, "internal")
    assert "Traceback" not in read.error["message"]
    number = read.error["message"].split()[-1].strip(".")
    assert number in server.log, "the number that the caller is given finds the line in the log"
    require_nowhere(server, marker("read"), marker("write"))
    assert server.call("POST", "/v1/trace", ROW, token=token).status == 202


def test_the_search_finds_what_is_stored(server: Server) -> None:
    """Or the other tests here would say nothing."""
    token = server.token("capture")
    stored = "fin-dme-please"
    assert server.call("POST", "/v1/trace", {**ROW, "repo": stored}, token=token).status == 202
    assert any(stored.encode() in content for content in everything_written(server).values())
