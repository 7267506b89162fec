"""Work on the same files over the API: held or not, for how long, and what that cost."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tallyward import clock
from tallyward.services.duties._base import Means
from tallyward.services.duties.end_what_ran_out import EndWhatRanOut
from tallyward.testing.frozen_clock import FrozenClock
from tests.contract.flow import Flow, flowing

OWN = 7


@pytest.fixture
async def flow(database_url: str) -> AsyncIterator[Flow]:
    async with flowing(database_url) as found:
        yield found


async def ask(flow: Flow, story: str, *paths: str, **facts: Any) -> dict[str, Any]:
    body = {"project": "web", "story_id": story, "paths": paths, **facts}
    answer = await flow.site.call("POST", "/v1/scope/check", token=flow.mover, body=body)
    assert answer.status == 200, answer.body
    return answer.json


async def under_way(flow: Flow, story: str, *paths: str) -> None:
    assert (await flow.move("web", story, {"phase": "build", "file_scope": paths})).status == 202


async def conflicts(flow: Flow, count: int, of: int, path: str = "src/app.py") -> None:
    """So many merges that changed `path`, the first of them after a conflict."""
    for number in range(of):
        verdict = "rebase_conflict" if number < count else "approved"
        facts = {"phase": "merged", "attempts": 1, "verdict": verdict, "file_scope": [path]}
        await flow.move("web", f"{path[4:]}-{number}", facts)


async def told(flow: Flow) -> list[tuple[str, str | None]]:
    events = await flow.events("scope.hold_started", "scope.hold_ended")
    return [(event["kind"].removeprefix("scope.hold_"), event["payload"].get("result")) for event in events]


async def test_a_hot_file_holds_and_a_cold_one_does_not_while_nobody_knows_how_often_merges_conflict(flow: Flow):
    await conflicts(flow, 3, of=10)
    await conflicts(flow, 2, of=10, path="src/cold.py")
    await under_way(flow, "W-1", "src/app.py", "src/cold.py")
    cold, hot = await ask(flow, "W-2", "src/cold.py"), await ask(flow, "W-2", "src/app.py", "src/cold.py")

    assert (cold["decision"], cold["hold_until"], cold["hot_files"]) == ("go", None, [])
    assert cold["overlaps"] == [{"item": "W-1", "paths": ["src/cold.py"]}], "told, though it holds nothing back"
    assert (hot["decision"], hot["policy"], hot["hot_files"]) == ("hold", "graded", ["src/app.py"])
    assert hot["reason"] == "W-1 changes src/app.py"


async def test_a_hold_is_one_event_at_its_begin_and_one_when_it_is_cleared(flow: Flow):
    await conflicts(flow, 3, of=10)
    await under_way(flow, "W-1", "src/app.py")
    first, again = await ask(flow, "W-2", "src/app.py"), await ask(flow, "W-2", "src/app.py")
    await flow.move("web", "W-1", {"phase": "abandoned"})
    after = await ask(flow, "W-2", "src/app.py")

    assert first["hold_until"] == again["hold_until"]
    assert (after["decision"], await told(flow)) == ("go", [("started", None), ("ended", "cleared")])


async def test_after_an_hour_it_goes_anyhow_and_is_not_held_again(flow: Flow):
    await conflicts(flow, 3, of=10)
    await under_way(flow, "W-1", "src/app.py")
    await ask(flow, "W-2", "src/app.py")
    with FrozenClock(clock.now() + timedelta(minutes=61)):
        late = await ask(flow, "W-2", "src/app.py")
        later = await ask(flow, "W-2", "src/app.py")

    assert (late["decision"], late["reason"]) == ("go", "it has waited long enough and goes anyhow")
    assert (later["decision"], await told(flow)) == ("go", [("started", None), ("ended", "expired")])
    (ended,) = await flow.events("scope.hold_ended")
    assert ended["payload"]["hours"] == 1.0, "its time was over after an hour, whenever somebody asked"


async def test_a_hold_that_nobody_asks_about_again_ends_by_itself_and_once(flow: Flow):
    await conflicts(flow, 3, of=10)
    await under_way(flow, "W-1", "src/app.py")
    for story in ("W-2", "W-3"):
        await ask(flow, story, "src/app.py")
    await flow.move("web", "W-3", {"phase": "build"})
    duty = EndWhatRanOut(Means(flow.site.app.state.database, flow.site.app.state.tenants))
    with FrozenClock(clock.now() + timedelta(hours=2)):
        for _ in range(2):
            await duty.run("default", {})

    assert sorted((await told(flow))[2:]) == [
        ("ended", "expired"), ("ended", "not_candidate"),
    ]  # fmt: skip


async def test_what_is_urgent_says_no_path_or_conflicts_seldom_goes(flow: Flow):
    await conflicts(flow, 3, of=10)
    await under_way(flow, "W-1", "src/app.py")
    assert (await ask(flow, "W-2", "src/app.py", urgent=True))["decision"] == "go"
    assert (await ask(flow, "W-2"))["reason"].startswith("it does not say what it changes")
    await flow.merges("." * 100)
    relaxed = await ask(flow, "W-2", "src/app.py")

    assert (relaxed["decision"], relaxed["policy"]) == ("go", "relaxed")
    assert await told(flow) == []


async def test_where_many_merges_conflict_any_shared_file_holds(flow: Flow):
    await flow.merges("c" * 100)
    await under_way(flow, "W-1", "docs/index.md")
    strict = await ask(flow, "W-2", "docs/index.md")

    assert (strict["decision"], strict["policy"], strict["hot_files"]) == ("hold", "strict", [])


async def test_an_open_pull_request_is_in_the_way_of_others_and_not_of_itself(flow: Flow):
    await flow.merges("c" * 100)
    async with flow.site.app.state.database.transaction("default") as connection:
        await connection.execute(
            "INSERT INTO pull_requests (repo, number, state, head_branch, changed_paths)"
            " VALUES ('web', %s, 'open', 'b', '{docs/index.md}')",
            [OWN],
        )
    assert (await ask(flow, "W-2", "docs/index.md"))["overlaps"] == [{"item": f"#{OWN}", "paths": ["docs/index.md"]}]
    assert (await ask(flow, "W-3", "docs/index.md", pull_request=OWN))["decision"] == "go"


async def test_the_cost_is_on_the_board_the_page_and_a_measure(flow: Flow):
    await conflicts(flow, 3, of=10)
    await under_way(flow, "W-1", "src/app.py")
    await ask(flow, "W-2", "src/app.py")
    lasting = (await flow.site.call("GET", "/v1/holds?lasting=true", token=flow.reader)).json
    await flow.move("web", "W-1", {"phase": "abandoned"})
    await ask(flow, "W-2", "src/app.py")
    board = (await flow.site.call("GET", "/v1/holds", token=flow.reader)).json
    none = (await flow.site.call("GET", "/v1/holds?lasting=true", token=flow.reader)).json
    page = (await flow.site.call("GET", "/rates", token=flow.reader)).body.decode()
    measure = (await flow.site.call("GET", "/v1/measures/scope_holds", token=flow.reader)).json

    assert [(one["story_id"], one["result"]) for one in lasting["holds"]] == [("W-2", None)]
    assert (board["lasting"], board["holds_30d"], none["holds"]) == (0, 1, [])
    assert "Work that waited for files of others" in page
    assert [(row["policy"], row["result"], row["holds"]) for row in measure["rows"]] == [("graded", "cleared", 1)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"paths": ["../etc/passwd"]}, "paths"),
        ({"paths": ["a\u0000b"]}, "paths"),
        ({"story_id": "a\u0000b"}, "story_id"),
        ({"agent": "\n"}, "agent"),
        ({"project": ""}, None),
        ({"why": "x"}, None),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(flow: Flow, wrong: dict[str, Any], field: str | None):
    body = {"project": "web", "story_id": "W-1", "paths": ["a"]} | wrong
    refused = await flow.site.call("POST", "/v1/scope/check", token=flow.mover, body=body)

    assert (refused.status, refused.json["error"].get("field")) == (422, field)
