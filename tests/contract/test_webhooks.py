"""The inbox: signed or refused, once each, and stored as facts before it is answered."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallyward import clock
from tallyward.redact import Secret
from tallyward.services.inbox import LARGE_AT_ONCE
from tallyward.services.sealing import Seals
from tests.in_process import InProcess, application
from tests.inbox import KEY, add_secret, deliver, rows, settled
from tests.webhook_examples import SECRET, examples, forgejo, github, pull_request


@pytest.fixture
async def server(database_url: str) -> AsyncIterator[InProcess]:
    async with application(database_url, secret_key=KEY) as running:
        await add_secret(running)
        yield running


async def test_a_signed_delivery_is_stored_as_facts_and_becomes_a_pull_request(server: InProcess) -> None:
    answer = await deliver(server, pull_request())
    assert (answer.status, answer.json["status"]) == (202, "accepted")
    await settled(server)
    assert await rows(server, "SELECT number, state, head_branch FROM pull_requests") == [(7, "open", "basket")]
    token = await server.token(["read"])
    one = (await server.call("GET", f"/v1/deliveries/{answer.json['id']}", token=token)).json
    assert (one["state"], one["tries"], one["facts"]["pull_request"]["number"]) == ("done", 1, 7)


@pytest.mark.parametrize("sign", [github, forgejo])
async def test_a_repeat_is_a_duplicate_by_its_number_and_by_its_body(server: InProcess, sign: Any) -> None:
    body = json.dumps(pull_request()).encode()
    headers = sign("pull_request", body)
    first = await deliver(server, body, headers=headers)
    again = await deliver(server, body, headers=headers)
    under_another_number = await deliver(server, body, headers=sign("pull_request", body))
    other_body = json.dumps(pull_request(number=8)).encode()
    number = next(value for name, value in headers.items() if name.endswith("delivery"))
    another_body = await deliver(server, other_body, headers=sign("pull_request", other_body, delivery=number))
    assert first.status == 202
    for repeat in (again, under_another_number, another_body):
        assert (repeat.status, repeat.json) == (200, {"status": "duplicate", "id": first.json["id"]})
    assert await rows(server, "SELECT count(*) FROM deliveries") == [(1,)]


async def test_fifty_at_once_are_one(server: InProcess) -> None:
    body = json.dumps(pull_request()).encode()
    headers = github("pull_request", body)
    answers = await asyncio.gather(*(deliver(server, body, headers=headers) for _ in range(50)))
    assert sorted({answer.status for answer in answers}) == [200, 202]
    assert sum(answer.status == 202 for answer in answers) == 1
    assert len({answer.json["id"] for answer in answers}) == 1
    assert await rows(server, "SELECT count(*) FROM deliveries") == [(1,)]


async def test_whatever_is_wrong_with_a_signature_is_answered_alike_and_stores_nothing(server: InProcess) -> None:
    body = json.dumps(pull_request()).encode()
    right = github("pull_request", body)
    digest = right["x-hub-signature-256"]
    wrong = [
        {**right, "x-hub-signature-256": github("x", b"other")["x-hub-signature-256"]},
        {**right, "x-hub-signature-256": digest.upper()},
        {**right, "x-hub-signature-256": digest[:-1]},
        {**right, "x-hub-signature-256": "sha256=\u00e9\u00df"},
        {**right, "x-hub-signature-256": ""},
        {**right, "x-hub-signature-256": digest.removeprefix("sha256=")},
        {name: value for name, value in right.items() if "signature" not in name},
        {name: value for name, value in right.items() if "event" not in name},
        {**right, "x-forgejo-event": "pull_request"},
        {**right, "x-forgejo-event": "pull_request", "x-forgejo-signature": "nan"},
        github("pull_request", body, secret="another secret of somebody"),
        {},
    ]
    answers = [await deliver(server, body, headers=headers or {"x": "y"}) for headers in wrong]
    unknown = ["nobody", "sample", "NOBODY", "..", "%00", "a" * 70]
    answers += [await deliver(server, body, headers=right, path=f"/tenants/{name}/webhook") for name in unknown]
    assert {(answer.status, answer.body) for answer in answers} == {(401, answers[0].body)}
    assert answers[0].json["error"]["code"] == "signature_refused"
    assert await rows(server, "SELECT count(*) FROM deliveries") == [(0,)]
    assert server.app.state.inbox.counts["refused"] == len(answers)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"7", b"{", b'{"a": NaN}', b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b'{"a": "\x00"}']
)
async def test_a_signed_body_that_is_no_object_is_a_bad_request_and_is_not_stored(
    server: InProcess, body: bytes
) -> None:
    answer = await deliver(server, body)
    assert (answer.status, answer.json["error"]["code"]) == (400, "bad_request")
    assert await rows(server, "SELECT count(*) FROM deliveries") == [(0,)]


@pytest.mark.parametrize("header", ["x-github-delivery", "x-github-event"])
@pytest.mark.parametrize("value", ["", "two words", "x" * 200, "\u00e9", "1e400'"])
async def test_a_signed_delivery_must_name_itself_and_its_event(server: InProcess, header: str, value: str) -> None:
    body = json.dumps(pull_request()).encode()
    answer = await deliver(server, body, headers={**github("push", body), header: value})
    assert (answer.status, answer.json["error"]["code"]) == (400, "bad_request")


async def test_a_form_carries_its_json_and_compression_is_refused(server: InProcess) -> None:
    form = b"payload=%7B%22zen%22%3A%20%22x%22%2C%20%22a%22%3A%20%22%C3%A9%22%7D"
    headers = {**github("ping", form), "content-type": "application/x-www-form-urlencoded"}
    assert (await deliver(server, form, headers=headers)).status == 202
    zipped = await deliver(server, b"{}", headers={**github("ping", b"{}"), "content-encoding": "gzip"})
    assert zipped.status == 415


async def test_more_than_25_megabytes_are_too_much_and_25_are_not(server: InProcess) -> None:
    body = b'{"zen": "' + b"x" * (25 * 1024 * 1024) + b'"}'
    assert (await deliver(server, body, event="ping")).status == 413
    assert (await deliver(server, body[20:-2].join([b'{"zen": "', b'"}']), event="ping")).status == 202


async def test_large_bodies_are_read_a_few_at_a_time_and_small_ones_pass_them_by(server: InProcess) -> None:
    begun, go_on = asyncio.Semaphore(0), asyncio.Event()
    read_at_once: list[int] = []

    async def upload() -> None:
        async def receive() -> dict[str, Any]:
            read_at_once.append(1)
            begun.release()
            await go_on.wait()
            return {"type": "http.disconnect"}

        async def send(_message: Any) -> None: ...

        await server.app(large_upload(), receive, send)

    uploads = [asyncio.create_task(upload()) for _ in range(2 * LARGE_AT_ONCE)]
    for _ in range(LARGE_AT_ONCE):
        await begun.acquire()
    body = json.dumps(pull_request()).encode()
    headers = github("pull_request", body) | {"content_length": str(len(body))}
    assert (await deliver(server, body, headers=headers)).status == 202
    assert len(read_at_once) == LARGE_AT_ONCE
    go_on.set()
    await asyncio.gather(*uploads)
    assert len(read_at_once) == 2 * LARGE_AT_ONCE


def large_upload() -> dict[str, Any]:
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/tenants/default/webhook", "raw_path": b"/tenants/default/webhook", "query_string": b"",
        "root_path": "", "headers": [(b"content-length", b"20000000")], "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8787),
    }  # fmt: skip


async def test_several_secrets_sign_at_once_until_they_expire_or_are_revoked(server: InProcess) -> None:
    other = await add_secret(server, secret="the next secret of the hook")
    await add_secret(server, secret="the last secret of the hook", expires_at=clock.now())
    secrets = server.app.state.inbox.secrets

    async def status(number: int, secret: str) -> int:
        return (await deliver(server, pull_request(number=number), secret=secret)).status

    assert await status(1, SECRET) == 202
    assert await status(2, "the next secret of the hook") == 202
    assert await status(3, "the last secret of the hook") == 401
    await secrets.revoke("default", other, "tests")
    assert await status(4, "the next secret of the hook") == 401
    assert await status(5, SECRET) == 202


async def test_the_secret_of_one_tenant_signs_for_no_other(server: InProcess) -> None:
    await add_secret(server, "acme", "the secret of acme alone")
    assert (await deliver(server, pull_request(), secret="the secret of acme alone")).status == 401
    mine = await deliver(server, pull_request(), path="/tenants/acme/webhook", secret="the secret of acme alone")
    assert mine.status == 202
    assert await rows(server, "SELECT count(*) FROM deliveries") == [(0,)]


async def test_a_secret_is_sealed_with_its_tenant_and_told_to_the_audit_trail_without_itself(
    server: InProcess, database_url: str
) -> None:
    (sealed,) = (await rows(server, "SELECT sealed FROM webhook_secrets"))[0]
    seals = Seals(server.app.state.settings)
    assert SECRET not in sealed
    assert seals.open("default", sealed) == Secret(SECRET)
    assert seals.open("acme", sealed) is None
    events = await rows(server, "SELECT payload::text FROM events_outbox WHERE kind = 'webhook_secret.added'")
    assert len(events) == 1
    assert SECRET not in events[0][0]
    async with application(database_url, secret_key=Secret(Fernet.generate_key().decode())) as other:
        assert (await deliver(other, pull_request())).status == 401


@pytest.mark.examples
async def test_every_published_payload_is_taken_and_none_is_a_mistake_of_ours(server: InProcess) -> None:
    told: dict[int, int] = {}
    for event, payload in examples():
        answer = await deliver(server, payload, event=event)
        told[answer.status] = told.get(answer.status, 0) + 1
    await settled(server)
    assert sum(told.values()) == 329
    assert set(told) == {200, 202}, "200 for the payloads that stand in the examples twice"
    states = dict(await rows(server, "SELECT state, count(*) FROM deliveries GROUP BY 1"))
    assert set(states) == {"done", "ignored"}


@pytest.mark.examples
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_mutation_of_a_payload_gives_a_500(server: InProcess, data: st.DataObject) -> None:
    event, payload = data.draw(st.sampled_from(examples()))
    mutated = copy.deepcopy(payload)
    for key in data.draw(st.lists(st.sampled_from(sorted(mutated)), max_size=3)):
        mutated[key] = data.draw(st.none() | st.integers() | st.text(max_size=9) | st.just({}) | st.just([{}]))
    pull = mutated.get("pull_request")
    if isinstance(pull, dict):
        for key in data.draw(st.lists(st.sampled_from(sorted(pull)), max_size=3)) if pull else []:
            pull[key] = data.draw(st.none() | st.integers() | st.text(max_size=9) | st.just({}) | st.just([1]))
    answer = await deliver(server, mutated, event=event)
    assert answer.status in (200, 202)
