"""What `GET /metrics` counts: every request and every row once, and nothing that names somebody."""

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from tallyward import clock
from tests.in_process import InProcess, application

ROW = {"engineer_id": "thomas-c", "skill_name": "/start", "runtime": "claude-code-cli", "status": "success"}
OPEN_METRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


async def figures(site: InProcess) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels, those in the order of the names of the labels."""
    answer = await site.call("GET", "/metrics", token=await site.token(["read"]))
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.body.decode())
    return {
        (s.name, *(s.labels[name] for name in sorted(s.labels))): s.value for family in families for s in family.samples
    }


async def test_each_row_is_stored_known_or_refused(database_url: str):
    async with application(database_url) as site:
        machine = await site.token(["capture"])
        keyed = {**ROW, "fire_key": "one"}
        await site.call("POST", "/v1/trace", token=machine, body=[ROW, ROW, keyed])
        await site.call("POST", "/v1/trace", token=machine, body=keyed)
        await site.call("POST", "/v1/trace?partial=true", token=machine, body=[ROW, {**ROW, "status": "odd"}, {}])
        await site.call("POST", "/v1/context-fetches", token=machine, body={"agent_name": "a", "file_path": "b.md"})
        request = {
            "request_key": "m1", "ts": clock.iso(clock.now()), "model": "m", "runtime": "modal", "engineer_id": "amy",
        }  # fmt: skip
        for _ in range(2):
            await site.call("POST", "/v1/usage", token=machine, body=request)
        found = await figures(site)

    rows = {key[1:]: value for key, value in found.items() if key[0] == "tally_rows_total"}
    assert {key: value for key, value in rows.items() if value} == {
        ("stored", "skill_invocations"): 4, ("duplicate", "skill_invocations"): 1, ("refused", "skill_invocations"): 2,
        ("stored", "context_fetches"): 1, ("stored", "cost_ledger"): 1, ("duplicate", "cost_ledger"): 1,
    }  # fmt: skip
    assert len(rows) == 9, "what has not happened yet is told as 0"


async def test_requests_are_counted_by_call_and_status_and_never_by_address(database_url: str):
    async with application(database_url) as site:
        machine = await site.token(["capture"])
        for body in (ROW, ROW, {}):
            await site.call("POST", "/v1/trace", token=machine, body=body)
        await site.call("POST", "/v1/trace", body=ROW)
        for name in ("a", "b", "c"):
            await site.call("GET", f"/{name}?who=thomas-c")
            await site.call("POST", f"/tokens/{ord(name)}/revoke")
        found = await figures(site)

    asked = {key[1:]: value for key, value in found.items() if key[0] == "tally_http_requests_total"}
    assert asked == {
        ("POST", "/v1/trace", "202"): 2, ("POST", "/v1/trace", "422"): 1, ("POST", "/v1/trace", "401"): 1,
        ("", "(unknown)", "404"): 3, ("POST", "/tokens/{number:int}/revoke", "401"): 3,
    }  # fmt: skip
    assert found["tally_http_request_duration_seconds_count", "POST", "/v1/trace"] == 4
    assert found["tally_http_request_duration_seconds_bucket", "+Inf", "POST", "/v1/trace"] == 4
    assert found["tally_http_request_duration_seconds_sum", "POST", "/v1/trace"] > 0


async def test_the_laptops_losses_and_the_latest_fire_are_those_of_the_tokens_tenant(database_url: str):
    async with application(database_url) as site:
        machine = await site.token(["capture"])
        day = {"day": clock.iso(clock.now())[:10], "engineer_id": "amy", "stored": 1, "duplicate": 0, "refused": 0}
        for number, lost in enumerate(({"disk": 2}, {"disk": 1, "overflow": 4})):
            books = {"machine": str(number) * 32, "days": [{**day, "waiting": 5, "losses": lost}]}
            assert (await site.call("POST", "/v1/capture-report", token=machine, body=books)).status == 202
        before = await figures(site)
        moment = "2026-05-17T12:00:00Z"
        await site.call(
            "POST", "/v1/trace", token=machine, body=[{**ROW, "ts": moment}, {**ROW, "ts": "2099-01-01T00:00:00Z"}]
        )
        after = await figures(site)
        await site.app.state.tenants.ensure("other")
        secret, _ = await site.app.state.tokens.create("other", name="t", scopes=["read"], actor="tests")
        elsewhere = (await site.call("GET", "/metrics", token=secret.reveal())).body.decode()

    lost = {key[1]: value for key, value in before.items() if key[0] == "tally_laptop_rows_lost"}
    assert lost == {"disk": 3, "overflow": 4, "locked": 0, "unreadable": 0, "corrupt": 0}
    assert (before["tally_laptop_rows_waiting",], before["tally_laptops",]) == (10, 2)
    assert ("tally_latest_fire_timestamp_seconds",) not in before
    assert after["tally_latest_fire_timestamp_seconds",] == 1_779_019_200, "a clock that is ahead hides no silence"
    assert 'tally_laptop_rows_lost{cause="disk"} 0.0' in elsewhere
    assert "tally_latest_fire" not in elsewhere


async def test_how_far_the_sums_reach_is_told_once_there_are_some(database_url: str):
    async with application(database_url) as site:
        roller = site.app.state.roller
        await roller.stop()
        await roller.catch_up()
        late = {**ROW, "ts": clock.iso(clock.now() - timedelta(days=3))}
        await site.call("POST", "/v1/trace", token=await site.token(["capture"]), body=late)
        before = await figures(site)
        await roller.catch_up()
        after = await figures(site)

    lag = clock.epoch_seconds() - before["tally_sums_until_timestamp_seconds",]
    assert 0 < lag < 2 * 3600
    assert (before["tally_sums_out_of_date",], after["tally_sums_out_of_date",]) == (1, 0)


async def test_nothing_names_anybody_and_a_prometheus_gets_its_own_format(database_url: str):
    async with application(database_url) as site:
        machine = await site.token(["capture"])
        await site.call("POST", "/v1/trace", token=machine, body={**ROW, "repo": "acme/secret", "model": "opus-9"})
        lead = await site.token(["read"])
        answer = await site.call("GET", "/metrics", token=lead, accept=OPEN_METRICS)
        own = await site.call("GET", "/metrics", token=await site.token(["read"], "thomas-c"))

    text = answer.body.decode()
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=")
    assert text.endswith("# EOF\n")
    assert not any(word in text for word in ("thomas-c", "/start", "secret", "opus-9"))
    assert (own.status, own.json["error"]["code"]) == (403, "scope_missing")
