"""One error shape for everything that can be refused: the tree of errors, and real calls that go wrong."""

import gzip
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tallyward import errors
from tallyward.errors import Busy, ForgeUnavailable, RateLimited, Refused, SetupError, SinkUnavailable, TallyError
from tallyward.web.app import CALLS
from tallyward.web.openapi import describe
from tallyward.web.problems import error_response
from tests.in_process import application

DESCRIBED = describe(CALLS)["components"]["schemas"]["Error"]["properties"]["error"]
KINDS = {"string": str, "integer": int, "boolean": bool}
ROW = {"engineer_id": "thomas-c", "skill_name": "/start", "runtime": "claude-code-cli", "status": "success"}
NDJSON = {"content_type": "application/x-ndjson"}
HTML = {"accept": "text/html,*/*;q=0.8"}


def subclasses(kind: type[TallyError]) -> Iterator[type[TallyError]]:
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


TREE = list(subclasses(TallyError))


def require_shape(body: Any) -> dict[str, Any]:
    """The error in `body`, after a look at each of its fields. Anything besides the shape is a failure."""
    assert set(body) == {"error"}
    error = body["error"]
    assert set(DESCRIBED["required"]) <= set(error) <= set(DESCRIBED["properties"])
    for name, value in error.items():
        assert type(value) is KINDS[DESCRIBED["properties"][name]["type"]], f"{name} is {value!r}"
    assert error["message"].strip()
    assert error["docs"] == f"docs/reference/errors.md#{error['code']}"
    return error


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_error_has_the_one_shape(kind: type[TallyError]):
    error = kind()
    error.field, error.index = "skill_name", 3
    answer = error_response(error)

    told = require_shape(json.loads(bytes(answer.body)))

    assert (told["code"], told["field"], told["index"]) == (kind.code, "skill_name", 3)
    assert answer.status_code == kind.status


def test_codes_are_told_apart_and_errors_are_drawn_where_they_stand():
    codes = [kind.code for kind in TREE]
    drawn = [line.split("──")[1].split()[0] for line in (errors.__doc__ or "").splitlines() if "──" in line]

    assert len(codes) == len(set(codes)), "two errors share a code"
    assert sorted(drawn) == sorted(kind.__name__ for kind in TREE), "the drawing in tallyward.errors is not the tree"


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_an_error_says_what_happened_and_what_to_do(kind: type[TallyError]):
    assert (kind.__doc__ or "").strip().splitlines()[0].endswith(".")
    assert kind.remedy or kind.__subclasses__(), "an error that is raised has a remedy"
    if issubclass(kind, SetupError):
        return  # a command prints it; there is no status to answer with
    assert kind.retryable == (kind.status in (408, 503))
    assert issubclass(kind, Refused) == (400 <= kind.status < 500)
    assert issubclass(kind, Busy | RateLimited | ForgeUnavailable | SinkUnavailable) == (kind.status == 503)


@pytest.mark.parametrize(
    ("status", "code", "call"),
    [
        (400, "bad_request", {"body": b"{"}),
        (400, "bad_request", {"body": b""}),
        (400, "bad_request", {"body": b"\xff\xfe"}),
        (400, "bad_request", {"body": b"[" * 100_000}),
        (400, "bad_request", {"body": json.dumps(ROW).encode()[:-1] + b', "status": "error"}'}),
        (400, "bad_request", {"body": b"no gzip", "content_encoding": "gzip"}),
        (413, "too_large", {"body": b" " * 11_000_000}),
        (413, "too_large", {"body": gzip.compress(b" " * 11_000_000), "content_encoding": "gzip"}),
        (413, "too_large", {"body": b"{}\n" * 10_001, **NDJSON}),
        (415, "unsupported_media", {"body": b"{}", "content_encoding": "br"}),
        (422, "invalid", {"body": {**ROW, "prompt": "never"}}),
        (422, "invalid", {"body": {**ROW, "latency_ms": -1}}),
        (422, "invalid", {"body": [ROW, {**ROW, "status": "odd"}]}),
    ],
)
async def test_a_body_that_is_refused_is_refused_in_the_shape(
    database_url: str, status: int, code: str, call: dict[str, Any]
):
    async with application(database_url) as site:
        answer = await site.call("POST", "/v1/trace", token=await site.token(["capture"]), **call)

    assert answer.status == status
    assert require_shape(answer.json)["code"] == code


async def test_addresses_and_methods_that_do_not_exist_are_refused_in_the_shape(database_url: str):
    async with application(database_url) as site:
        nowhere = await site.call("GET", "/v1/nowhere")
        no_method = await site.call("DELETE", "/v1/fires")
        nobody = await site.call("GET", "/v1/fires")

    assert (nowhere.status, require_shape(nowhere.json)["code"]) == (404, "not_found")
    assert (no_method.status, require_shape(no_method.json)["code"]) == (405, "method_not_allowed")
    assert (nobody.status, require_shape(nobody.json)["code"]) == (401, "not_authenticated")
    assert nobody.headers["www-authenticate"] == 'Bearer realm="tallyward"'


async def test_a_server_that_cannot_store_says_when_to_come_back(database_url: str):
    async with application(database_url) as site:
        token = await site.token(["capture"])
        await site.app.state.writer.stop()
        answer = await site.call("POST", "/v1/trace", token=token, body=ROW)

    told = require_shape(answer.json)
    assert (answer.status, told["code"], told["retryable"]) == (503, "ledger_unavailable", True)
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_mistake_of_ours_has_the_shape_and_a_number_and_tells_nothing_of_the_request(
    database_url: str, caplog: pytest.LogCaptureFixture
):
    async with application(database_url) as site:
        token = await site.token(["read"])
        del site.app.state.board
        with caplog.at_level(logging.ERROR):
            answer = await site.call("GET", "/v1/me?engineer=held-out", token=token)

    told = require_shape(answer.json)
    assert (answer.status, told["code"]) == (500, "internal")
    assert told["message"].split()[-1].rstrip(".") in caplog.text
    assert token not in caplog.text
    assert "held-out" not in caplog.text + told["message"]


async def test_a_person_gets_a_page_and_a_program_the_shape(database_url: str):
    async with application(database_url) as site:
        token = await site.token(["read"], engineer="thomas-c")
        page = await site.call("GET", "/tokens", token=token, **HTML)
        shape = await site.call("GET", "/tokens", token=token)
        way_in = await site.call("GET", "/me", **HTML)

    assert (page.status, page.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert (shape.status, require_shape(shape.json)["code"]) == (403, "scope_missing")
    assert (way_in.status, way_in.headers["location"]) == (303, "/sign-in?next=%2Fme")
