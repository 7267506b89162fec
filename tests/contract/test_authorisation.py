"""Who may call what, for every call and every kind of token there is. `authorisation.json` is the list; a new call
fails here until somebody has decided about it and written the decision down.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from docs._reference import access
from tallyward import clock
from tallyward.web.app import CALLS
from tallyward.web.calls import Call
from tests.in_process import InProcess, application

ALLOWED: dict[str, dict[str, int]] = json.loads((Path(__file__).parent / "authorisation.json").read_text("utf-8"))
ROW = {"engineer_id": "thomas-c", "skill_name": "/start", "runtime": "claude-code-cli", "status": "success"}
FORM = {"content_type": "application/x-www-form-urlencoded"}
# What each call that takes a body is called with.
BODIES: dict[str, Any] = {
    "POST /v1/trace": ROW,
    "POST /v1/context-fetches": {"agent_name": "claude-code", "file_path": "README.md"},
    "POST /v1/usage": {
        "request_key": "msg_1", "ts": "2026-05-17T12:00:00Z", "model": "m", "runtime": "modal", "engineer_id": "amy",
    },
    "POST /v1/capture-report": {"machine": "0" * 32, "days": []},
    "POST /v1/work-items/{project:path}/{story_id}/transitions": {"phase": "build"},
    "POST /v1/trust/overrides": {
        "level": "normal", "reason": "a look", "until": clock.iso(clock.now() + timedelta(days=1)),
    },
    "POST /v1/trust/overrides/end": {},
    "POST /v1/scope/check": {"project": "web", "story_id": "S-1"},
    "POST /v1/logs": {"resourceLogs": []},
    "POST /v1/metrics": {"resourceMetrics": []},
    "POST /v1/traces": {"resourceSpans": []},
    "POST /api/v2/write": b'action_taken,repo=o_r,pr=1 action="wait"',
    "POST /write": b'action_taken,repo=o_r,pr=1 action="wait"',
    "POST /tenants/{tenant}/webhook": {},
    "POST /v1/deliveries/{id}/replay": b"",
    "POST /v1/deliveries/replay-parked": b"",
    "POST /sign-in": b"token=tw_none",
    "POST /sign-out": b"",
    "POST /tokens": b"name=pod&scope=capture",
    "POST /tokens/{number:int}/revoke": b"",
}  # fmt: skip
# What each kind of token may do, and whose it is.
ROLES: dict[str, tuple[list[str], str | None]] = {
    "machine": (["capture"], None),
    "engineer": (["capture", "read"], "thomas-c"),
    "lead": (["read"], None),
    "dispatcher": (["dispatch"], None),
    "approver": (["approve"], None),
    "admin": (["admin"], None),
}
STRANGERS = ("nobody", "garbage", "expired", "revoked")


def name_of(call: Call) -> str:
    return f"{call.method} {call.path}"


async def token_of(site: InProcess, role: str) -> str | None:
    """A token of this role, None for nobody."""
    if role in ROLES:
        scopes, engineer = ROLES[role]
        return await site.token(scopes, engineer)
    if role == "expired":
        return await site.token(["admin"], expires_at=clock.now() - timedelta(seconds=1))
    if role == "revoked":
        secret, token = await site.app.state.tokens.create("default", name="gone", scopes=["admin"], actor="tests")
        await site.app.state.tokens.revoke("default", number=token.id, actor="tests")
        return secret.reveal()
    return "tw_admin_" + "0" * 49 if role == "garbage" else None


async def status_of(site: InProcess, call: Call, role: str) -> int:
    path = call.path
    if "{number:int}" in path:
        _, victim = await site.app.state.tokens.create("default", name="victim", scopes=["read"], actor="tests")
        path = path.replace("{number:int}", str(victim.id))
    path = path.replace("{session:path}", "nobodys/session").replace("{name}", "latency").replace("{id}", "1")
    token = await token_of(site, role)
    headers = FORM if call.page else {}
    answer = await site.call(call.method, path, token=token, body=BODIES.get(name_of(call)), **headers)
    return answer.status


def test_every_call_is_in_the_list_and_the_list_holds_no_other():
    uncovered = [name_of(call) for call in CALLS if name_of(call) not in ALLOWED]
    unknown = sorted(set(ALLOWED) - {name_of(call) for call in CALLS})
    assert (uncovered, unknown) == ([], []), "decide who may make the call and write it into authorisation.json"
    assert [name_of(call) for call in CALLS if call.method == "POST" and name_of(call) not in BODIES] == []


@pytest.mark.parametrize("call", CALLS, ids=name_of)
def test_the_page_of_the_matrix_says_what_the_list_says(call: Call):
    told = {role for role in access.SCOPES if access.may(call, role)}
    listed = {role for role in ALLOWED[name_of(call)] if role in access.SCOPES}
    # A door answers whoever knocks, if only to say no; what it may do behind it is not its own to say.
    assert told == listed or call.path == "/sign-in"


@pytest.mark.parametrize("call", CALLS, ids=name_of)
async def test_each_role_gets_what_the_list_says(database_url: str, call: Call):
    """Whoever is not in the list of a call is refused: a stranger with 401, a token without the scope with 403."""
    async with application(database_url) as site:
        got = {role: await status_of(site, call, role) for role in (*STRANGERS, *ROLES)}

    refused = dict.fromkeys(STRANGERS, 401) | dict.fromkeys(ROLES, 403)
    assert got == refused | ALLOWED[name_of(call)]


@pytest.mark.parametrize("call", [call for call in CALLS if call.method == "POST"], ids=name_of)
async def test_a_form_of_another_site_cannot_act_with_the_cookie(database_url: str, call: Call):
    path = call.path.replace("{number:int}", "1")
    async with application(database_url) as site:
        cookie = f"tally_session={await site.token(['admin', 'capture', 'read'])}"
        answer = await site.call("POST", path, body=BODIES[name_of(call)], cookie=cookie, sec_fetch_site="cross-site")

    # OTLP says it in its own words: 7 is PERMISSION_DENIED.
    said = 7 if path in ("/v1/logs", "/v1/metrics", "/v1/traces") else "cross_site"
    assert (answer.status, answer.json.get("error", answer.json)["code"]) == (403, said)


async def test_an_engineer_sees_the_own_row_and_the_team_only_as_a_sum(database_url: str):
    async with application(database_url) as site:
        machine, own, lead = [await token_of(site, role) for role in ("machine", "engineer", "lead")]
        team = [{**ROW, "engineer_id": name} for name in ("thomas-c", "hamza-n", "amy")]
        await site.call("POST", "/v1/trace", token=machine, body=team)
        board = (await site.call("GET", "/v1/utilization", token=own)).json
        fires = (await site.call("GET", "/v1/fires", token=own)).json["fires"]
        all_fires = (await site.call("GET", "/v1/fires", token=lead)).json["fires"]
        all_rows = (await site.call("GET", "/v1/utilization", token=lead)).json["engineers"]
        others_page = await site.call("GET", "/", token=own)

    assert [row["engineer_id"] for row in board["engineers"]] == ["thomas-c"]
    assert (board["team"]["engineers"], board["team"]["fires_30d"]) == (3, 3)
    assert {row["engineer_id"] for row in fires} == {"thomas-c"}
    assert {row["engineer_id"] for row in all_fires} == {"thomas-c", "hamza-n", "amy"}
    assert {row["engineer_id"] for row in all_rows} == {"thomas-c", "hamza-n", "amy"}
    assert b"hamza-n" not in others_page.body


async def test_a_day_on_which_too_few_worked_is_not_told_to_one_of_the_team(database_url: str):
    def on(days_ago: int, *names: str) -> list[dict[str, Any]]:
        ts = clock.iso(clock.now() - timedelta(days=days_ago))
        return [{**ROW, "engineer_id": name, "ts": ts} for name in names]

    async with application(database_url) as site:
        machine, own, lead = [await token_of(site, role) for role in ("machine", "engineer", "lead")]
        body = [*on(1, "thomas-c", "amy", "bo", "cy"), *on(2, "thomas-c", "amy", "bo"), *on(3, "amy")]
        await site.call("POST", "/v1/trace", token=machine, body=body)
        board = (await site.call("GET", "/v1/utilization", token=own)).json
        whole = (await site.call("GET", "/v1/utilization", token=lead)).json

    assert whole["team"]["daily"][-4:] == [1, 3, 4, 0]
    assert board["team"]["daily"][-4:] == [None, None, 4, 0], "the smallest other day goes with the lone small one"
    assert board["team"]["fires_30d"] == 8


async def test_the_sum_of_a_team_of_two_is_for_neither_of_them(database_url: str):
    async with application(database_url) as site:
        machine, own, lead = [await token_of(site, role) for role in ("machine", "engineer", "lead")]
        await site.call("POST", "/v1/trace", token=machine, body=[ROW, {**ROW, "engineer_id": "hamza-n"}])
        board = (await site.call("GET", "/v1/utilization", token=own)).json
        whole = (await site.call("GET", "/v1/utilization", token=lead)).json

    assert [row["fires_30d"] for row in board["engineers"]] == [1]
    assert (board["team"]["suppressed"], board["team"]["fires_30d"], board["team"]["daily"]) == (True, None, [])
    assert (whole["team"]["suppressed"], whole["team"]["fires_30d"]) == (False, 2)


@pytest.mark.parametrize(("role", "status"), [("engineer", 403), ("lead", 200), ("admin", 200)])
async def test_somebody_elses_board_is_for_leads(database_url: str, role: str, status: int):
    async with application(database_url) as site:
        answer = await site.call("GET", "/v1/me?engineer=hamza-n", token=await token_of(site, role))

    assert answer.status == status
