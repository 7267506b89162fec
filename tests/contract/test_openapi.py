"""The API description tells the truth: it is the committed one, it names every route, and answers have its shapes."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.routing import Route

from tallyward import clock
from tallyward.config import Settings
from tallyward.redact import Secret
from tallyward.web.app import CALLS, create_app
from tallyward.web.calls import Call
from tallyward.web.openapi import describe
from tests.in_process import Answer, InProcess, application
from tests.inbox import KEY, add_secret, deliver, settled
from tests.webhook_examples import github, pull_request

COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"
DELIVERY = b'{"zen": "Keep it logically awesome."}'
NOT_CALLS = {"/static/{name:path}"}  # files that say nothing of anybody
ROW = {"engineer_id": "thomas-c", "skill_name": "/start", "runtime": "claude-code-cli", "status": "success"}
REQUEST = {
    "request_key": "msg_1", "ts": "2026-05-17T12:00:00Z", "model": "m", "runtime": "modal", "engineer_id": "thomas-c",
}  # fmt: skip
OVERRIDE = {"level": "normal", "reason": "a look", "until": clock.iso(clock.now() + timedelta(days=1))}
BODIES = {
    "/v1/trace": ROW,
    "/v1/context-fetches": {"agent_name": "claude-code", "file_path": "README.md"},
    "/v1/usage": REQUEST,
    "/v1/work-items/{project:path}/{story_id}/transitions": {"phase": "build"},
    "/v1/capture-report": {"machine": "0" * 32, "days": []},
    "/v1/trust/overrides": OVERRIDE,
    "/v1/trust/overrides/end": {},
    "/v1/scope/check": {"project": "web", "story_id": "S-1"},
}


def test_the_committed_description_is_the_one_that_is_served():
    generated = json.loads(msgspec.json.encode(describe(CALLS)))
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == generated, "run scripts/docs"


def test_a_route_that_is_in_no_table_of_calls_does_not_exist():
    app = create_app(Settings(data_dir=Path("unused")), Secret("postgresql://nobody@localhost/none"))
    routes = {
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert len(routes) == len(app.routes), "every route is a plain one, of one method"
    assert {route for route in routes if route[1] not in NOT_CALLS} == {(call.method, call.path) for call in CALLS}


def test_every_call_says_what_it_does_and_every_call_of_the_api_what_it_gives():
    assert [call.path for call in CALLS if not call.says.endswith(".")] == []
    assert [call.path for call in CALLS if not call.page and (call.gives is None) != (call.status == 204)] == []


def test_every_reference_of_the_description_leads_somewhere():
    described = json.loads(COMMITTED.read_text(encoding="utf-8"))
    text = json.dumps(described)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(described["components"]["schemas"])
    assert names


async def delivered(site: InProcess) -> int:
    """The number of a delivery that was processed."""
    await add_secret(site)
    answer = await deliver(site, pull_request())
    await settled(site)
    return answer.json["id"]


def has_shape(answer: Answer, declared: Any) -> bool:
    """Whether the answer is exactly of the declared type: nothing missing, nothing that is not told of."""
    kinds = declared if isinstance(declared, tuple) else (declared,)
    for kind in kinds:
        try:
            told = msgspec.json.decode(answer.body, type=kind)
        except msgspec.ValidationError:
            continue
        if json.loads(msgspec.json.encode(told)) == answer.json:
            return True
    return False


@pytest.mark.parametrize(
    "call",
    [call for call in CALLS if not call.page and call.media == "application/json"],
    ids=lambda call: f"{call.method} {call.path}",
)
async def test_an_answer_has_the_shape_that_is_described(database_url: str, call: Call):
    async with application(database_url, secret_key=KEY) as site:
        token = await site.token(["capture", "read", "dispatch"], engineer="thomas-c")
        rows = [{**ROW, "session_id": "s1"}, {**ROW, "runtime": "k8s-job"}]
        await site.call("POST", "/v1/trace", token=token, body=rows)
        await site.call("POST", "/v1/usage", token=token, body={**REQUEST, "ts": clock.iso(clock.now())})
        await site.call("POST", "/v1/work-items/web/S-1/transitions", token=token, body={"phase": "spec"})

        path = call.path.replace("{project:path}/{story_id}", "web/S-1")
        path = path.replace("{session:path}", "s1").replace("{name}", "latency")
        admin = await site.token(["admin"])
        await site.call("POST", "/v1/trust/overrides", token=admin, body=OVERRIDE)
        path = path.replace("{id}", str(await delivered(site))).replace("{tenant}", "default")
        asking = admin if call.access in ("admin", "approve or admin") or call.of_everybody else token
        headers = github("ping", DELIVERY) if path.endswith("/webhook") else {}
        body = DELIVERY if headers else BODIES.get(call.path)
        answer = await site.call(call.method, path, token=asking, body=body, **headers)

    assert answer.status == call.status
    assert answer.body == b"" if call.status == 204 else has_shape(answer, call.gives), answer.body


async def test_a_batch_with_a_bad_row_has_the_shape_that_is_described(database_url: str):
    call = next(call for call in CALLS if call.path == "/v1/trace")
    async with application(database_url) as site:
        token = await site.token(["capture"])
        answer = await site.call("POST", "/v1/trace?partial=true", token=token, body=[ROW, {**ROW, "status": "odd"}])

    assert answer.status == call.status
    assert has_shape(answer, call.gives), answer.body
    assert answer.json["ids"][1] is None
    assert [error["index"] for error in answer.json["errors"]] == [1]


async def test_a_query_parameter_that_is_not_described_is_refused_by_name(database_url: str):
    async with application(database_url) as site:
        token = await site.token(["read"])
        answer = await site.call("GET", "/v1/utilization?dyas=7", token=token)

    assert (answer.status, answer.json["error"]["field"]) == (422, "dyas")
