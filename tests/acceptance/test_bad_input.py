"""Bad input over real HTTP: one error shape, nothing kept, nothing of our insides told, and the server goes on."""

import gzip
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.tenancy import ROW, Tenancy
from tests.waiting import eventually

BODY_BYTES_MAX = 10 * 1024 * 1024
COMPACT = json.dumps(ROW, separators=(",", ":")).encode()


def with_field(text: bytes) -> bytes:
    return COMPACT[:-1] + b"," + text + b"}"


def require_refusal(site: Tenancy, reply: Any, status: int, field: str | None = None) -> None:
    """Refused in the one shape, with nothing of our insides in it, nothing stored, and the next row is taken."""
    assert (reply.status, reply.headers["content-type"]) == (status, "application/json")
    assert reply.error.get("field") == field
    assert reply.error["retryable"] is (status == 503)
    for inside in (b"Traceback", b"psycopg", b".py", b"site-packages", b"msgspec"):
        assert inside not in reply.body
    assert site.count() == 0
    assert site.post(ROW).status == 202


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (with_field(b'"tenant":"other"'), "tenant"),
        (with_field(b'"latency_ms":"1"'), "latency_ms"),
        (with_field(b'"latency_ms":-1'), "latency_ms"),
        (with_field(b'"input_tokens":9223372036854775808'), "input_tokens"),
        (with_field(b'"cost_micros":99999999999999999999999'), "cost_micros"),
        (with_field(rb'"repo":"a\u0000b"'), "repo"),
        (with_field(b'"ts":"2026-13-01T00:00:00Z"'), "ts"),
        (with_field(b'"kind":"SKILL"'), "kind"),
        (with_field(b'"repo":["a"]'), "repo"),
        (COMPACT.replace(b'"status":"success"', b'"status":"won"'), "status"),
        (COMPACT.replace(b'"engineer_id"', b'"engineer"'), "engineer"),
        (b'{"a":' * 100_000, "a"),
        (b'{"repo":\n' + b"[" * 100_000, "repo"),
    ],
)
def test_a_wrong_field_is_422_and_named(site: Tenancy, body: bytes, field: str) -> None:
    require_refusal(site, site.post(body), 422, field)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        with_field(b'"latency_ms":NaN'),
        with_field(b'"latency_ms":Infinity'),
        with_field(rb'"repo":"\ud800"'),
        with_field(b'"repo":"\xff"'),
        with_field(b'"repo":"\0"'),
        b"[" * 100_000,
        COMPACT.decode().encode("utf-16"),
    ],
    ids=["empty", "text", "nan", "infinity", "surrogate", "bytes", "nul", "brackets", "utf-16"],
)
def test_a_body_that_cannot_be_read_is_400(site: Tenancy, body: bytes) -> None:
    require_refusal(site, site.post(body), 400)


@pytest.mark.parametrize("twin", [b'"status":"error"', b'"status" :"error"', rb'"stat\u0075s":"error"'])
def test_a_key_that_stands_twice_is_400_and_named(site: Tenancy, twin: bytes) -> None:
    require_refusal(site, site.post(with_field(twin)), 400, "status")


def test_eleven_megabytes_are_413(site: Tenancy) -> None:
    require_refusal(site, site.post(b" " * (BODY_BYTES_MAX + 1_000_000)), 413)


def test_eleven_megabytes_that_were_not_announced_are_413(site: Tenancy) -> None:
    connection = site.server.connection()
    headers = {"Authorization": f"Bearer {site.token}"}
    connection.request("POST", "/v1/trace", (b" " * 1_000_000 for _ in range(11)), headers, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def memory(site: Tenancy) -> int:
    """Bytes of the server that are in memory, and the most there ever were."""
    status = Path(f"/proc/{site.server.process.pid}/status")
    if not status.exists():
        pytest.skip("only Linux tells the greatest memory of a process")
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024


def test_a_gzip_bomb_is_413_and_memory_stays_flat(site: Tenancy) -> None:
    bomb = gzip.compress(gzip.compress(b" " * 300_000_000, 9) * 30, 9)
    single = gzip.compress(b" " * 300_000_000, 9)
    headers = {"Content-Encoding": "gzip"}
    site.post(b" " * BODY_BYTES_MAX)  # the largest honest body, so that what is measured is what a bomb adds
    before = memory(site)
    for body in (single, single * 20, bomb):
        assert site.post(body, headers=headers).status in (400, 413)
    require_refusal(site, site.post(single, headers=headers), 413)
    assert memory(site) - before < 30_000_000


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/v1/nothing", "GET", 404, "not_found"),
        ("/v1/trace/", "POST", 404, "not_found"),
        ("/v1/%00", "GET", 404, "not_found"),
        ("/v1/../v1/fires", "GET", 404, "not_found"),
        ("/v1/trace", "GET", 405, "method_not_allowed"),
        ("/v1/trace", "PUT", 405, "method_not_allowed"),
        ("/v1/fires", "POST", 405, "method_not_allowed"),
        ("/v1/fires?sesion=x", "GET", 422, "invalid"),
        ("/v1/fires?limit=0", "GET", 422, "invalid"),
        ("/v1/fires?limit=1e9", "GET", 422, "invalid"),
        ("/v1/fires?limit=99999999999999999999", "GET", 422, "invalid"),
        ("/v1/fires?session=%00", "GET", 422, "invalid"),
        ("/v1/fires?since=yesterday", "GET", 422, "invalid"),
        ("/v1/fires?since=2026-05-17T14:23:01", "GET", 422, "invalid"),
        ("/v1/me?engineer=a%00b", "GET", 422, "invalid"),
        ("/v1/me?days=0", "GET", 422, "invalid"),
        ("/v1/utilization?days=367", "GET", 422, "invalid"),
        ("/v1/utilization?days=nan", "GET", 422, "invalid"),
        ("/v1/trace?partial=perhaps", "POST", 422, "invalid"),
        ("/v1/health?verbose=1", "GET", 422, "invalid"),
    ],
)
def test_a_wrong_address_method_or_parameter_has_the_one_shape(
    site: Tenancy, path: str, method: str, status: int, code: str
) -> None:
    reply = site.server.call(method, path, COMPACT if method == "POST" else None, token=site.token)
    assert (reply.status, reply.error["code"]) == (status, code)
    assert ("allow" in reply.headers) == (status == 405)


@pytest.mark.parametrize(
    "query",
    ["limit=1", "since=0001-01-01T00:00:00%2B14:00", "since=9999-12-31T23:59:59-14:00", "session=%ff", "session="],
)
def test_an_odd_but_right_parameter_is_answered(site: Tenancy, query: str) -> None:
    site.post(ROW)
    assert site.get(f"/v1/fires?{query}").status == 200


def raw(site: Tenancy, request: bytes) -> bytes:
    """The beginning of what the server answers to these very bytes."""
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as connection:
        connection.sendall(request)
        return connection.recv(65_536)


@pytest.mark.parametrize(
    "header",
    [
        b"Host: [::1",
        b"Host: a b\xe9",
        b"Content-Encoding: \xe9",
        b"Content-Type: \xff\xfe",
        b"Cookie: tally_session=\xe9; =;;; a",
        b"Accept: text/html\xe9",
        b"Sec-Fetch-Site: \xe9",
        b"X-Long: " + b"x" * 60_000,
    ],
)
@pytest.mark.parametrize("target", [b"POST /v1/trace", b"GET /v1/nothing", b"GET /v1/health", b"DELETE /v1/trace"])
def test_an_odd_header_is_never_a_mistake_of_ours(site: Tenancy, target: bytes, header: bytes) -> None:
    head = target + b" HTTP/1.1\r\n" + header + b"\r\nAuthorization: Bearer " + site.token.encode()
    answer = raw(site, head + b"\r\nContent-Length: %d\r\n\r\n" % len(COMPACT) + COMPACT)
    assert answer[9:12] in (b"200", b"202", b"400", b"404", b"405", b"415")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00",
        b"GET /\xe9 HTTP/1.1\r\n\r\n",
        b"GET * HTTP/1.1\r\n\r\n",
        b"POST /v1/trace HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/trace HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /v1/trace HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/trace HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/trace HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /v1/health HTTP/9.9\r\n\r\n",
        b"GET /v1/health HTTP/1.1\r\nA\0: b\r\n\r\n",
    ],
)
def test_what_is_no_http_is_turned_away_and_the_server_goes_on(site: Tenancy, request_bytes: bytes) -> None:
    answer = raw(site, request_bytes)
    assert answer == b"" or answer[9:12] in (b"400", b"401", b"404")
    assert site.post(ROW).status == 202


def test_a_sender_that_leaves_in_the_middle_of_its_body_leaves_nothing(site: Tenancy) -> None:
    head = b"POST /v1/trace HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + site.token.encode()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as connection:
            connection.sendall(head + b"\r\nContent-Length: 1000\r\n\r\n" + COMPACT)
    assert eventually(lambda: site.post(ROW).status == 202)
    assert site.count() == 1
    assert "Traceback" not in site.server.log
