"""The public contract of `POST /v1/trace`: the organisation's own request, byte for byte, and what it is answered.

Scripts that were written before us send this and read that. A change here breaks them, so it is a decision.
"""

import json
from typing import Any

import pytest

from tallyward.domain.fire import FireIn
from tallyward.ledger.database import Database
from tallyward.redact import Secret
from tallyward.web.app import CALLS
from tallyward.web.openapi import describe
from tests.in_process import application

# As a laptop without metering sends it: spaces, order and nulls as they are.
REQUEST = b"""{
  "engineer_id":   "thomas-c",
  "skill_name":    "/start",
  "repo":          "graph8-com/g8",
  "runtime":       "claude-code-local",
  "model":         "claude-opus-4-7",
  "latency_ms":    1240,
  "status":        "success",
  "input_tokens":  null,
  "output_tokens": null,
  "arg_hash":      "sha256:8f3a..."
}
"""
# As a wrapper written in a few lines sends it: only what it knows.
BARE = (
    b'{"engineer_id":"thomas-c","skill_name":"search","runtime":"claude-code-local","latency_ms":3,"status":"success"}'
)
RUNTIMES = [
    "claude-code-cli", "claude-code-desktop", "claude-code-local", "codex-cli", "codex-desktop", "codex-local",
    "k8s-job", "modal", "local-job",
]  # fmt: skip
COLUMNS = (
    "engineer_id, skill_name, repo, runtime, model, latency_ms, status, input_tokens, output_tokens, cost_usd_cents,"
    " arg_hash"
)


async def stored(database_url: str) -> list[dict[str, Any]]:
    database = Database(Secret(database_url))
    await database.open()
    try:
        async with database.transaction("default") as connection:
            cursor = await connection.execute(f"SELECT id, {COLUMNS} FROM skill_invocations")  # noqa: S608  # a constant
            return await cursor.fetchall()
    finally:
        await database.close()


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "text/plain", ""])
async def test_the_organisations_own_request_is_answered_202_and_its_number(
    database_url: str, content_type: str
) -> None:
    async with application(database_url) as site:
        answer = await site.call(
            "POST", "/v1/trace", token=await site.token(["capture"]), body=REQUEST, content_type=content_type
        )
    (row,) = await stored(database_url)
    assert (answer.status, answer.body) == (202, b'{"id":%d}' % row.pop("id"))
    assert row == {**json.loads(REQUEST), "cost_usd_cents": None}


async def test_a_request_that_says_only_what_it_knows_is_taken(database_url: str) -> None:
    async with application(database_url) as site:
        answer = await site.call("POST", "/v1/trace", token=await site.token(["capture"]), body=BARE)
    assert answer.status == 202
    assert [row["skill_name"] for row in await stored(database_url)] == ["search"]


async def test_every_runtime_and_status_is_taken(database_url: str) -> None:
    row = json.loads(BARE)
    rows = [
        {**row, "runtime": name, "status": status} for name in RUNTIMES for status in ("success", "abandoned", "error")
    ]
    async with application(database_url) as site:
        answer = await site.call("POST", "/v1/trace", token=await site.token(["capture"]), body=rows)
    assert (answer.status, len(answer.json["ids"])) == (202, len(rows))


def test_the_description_lists_the_fields_and_which_are_needed() -> None:
    schema = describe(CALLS)["components"]["schemas"]["FireIn"]
    assert schema["required"] == ["engineer_id", "skill_name", "runtime", "status"]
    assert list(schema["properties"]) == list(FireIn.__struct_fields__)
    assert schema["properties"]["runtime"]["enum"] == sorted(RUNTIMES)
    assert schema["additionalProperties"] is False


def test_the_description_says_which_bodies_and_answers_there_are() -> None:
    call = describe(CALLS)["paths"]["/v1/trace"]["post"]
    assert set(call["requestBody"]["content"]) == {"application/json", "application/x-ndjson"}
    assert set(call["responses"]) == {"202", "default"}
    assert call["x-tally-scope"] == "capture"
