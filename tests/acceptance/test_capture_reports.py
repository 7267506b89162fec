"""Laptops tell their books, and the server adds them up by day and engineer."""

from datetime import timedelta

import pytest

from tallyward import clock
from tests.acceptance.tenancy import Tenancy
from tests.laptop import Laptop
from tests.servers import TALLY, Server

MACHINE = "ab" * 16


def today(ago: int = 0) -> str:
    return (clock.now() - timedelta(days=ago)).date().isoformat()


def booked(**facts: object) -> dict[str, object]:
    nothing = {"waiting": 0, "stored": 0, "duplicate": 0, "refused": 0}
    return {"day": today(), "engineer_id": "ann", **nothing, **facts}


def report(site: Tenancy, *days: dict[str, object], machine: str = MACHINE, **how: object):
    return site.post({"machine": machine, "days": list(days)}, "/v1/capture-report", **how)


def books(site: Tenancy, **how: object) -> list[dict]:
    rows = site.get("/v1/reconciliation?days=7", **how).json["books"]
    for row in rows:
        assert row["fired"] == row["spooled"] + row["lost"]
        assert row["spooled"] == row["sent"] + row["waiting"]
        assert row["sent"] == row["stored"] + row["duplicate"] + row["refused"]
        assert row["gap"] == row["fired"] - row["sent"]
    return rows


def test_books_of_several_machines_add_up(site: Tenancy):
    assert report(site, booked(stored=3, waiting=1, losses={"disk": 2})).json == {"kept": 1}
    report(site, booked(stored=4, duplicate=1), booked(engineer_id="bob", refused=1), machine="cd" * 16)
    ann, bob = books(site)
    assert (ann["machines"], ann["fired"], ann["stored"], ann["gap"]) == (2, 11, 7, 3)
    assert (bob["engineer_id"], bob["fired"], bob["refused"], bob["gap"]) == ("bob", 1, 1, 0)


def test_the_same_books_again_change_nothing_and_newer_ones_take_their_place(site: Tenancy):
    for _ in range(3):
        report(site, booked(stored=3, waiting=5))
    assert [(row["fired"], row["waiting"]) for row in books(site)] == [(8, 5)]
    report(site, booked(stored=8))
    assert [(row["fired"], row["waiting"]) for row in books(site)] == [(8, 0)]
    assert report(site, booked(stored=3, waiting=5)).json == {"kept": 0}, "they come late"
    assert [(row["fired"], row["waiting"]) for row in books(site)] == [(8, 0)]


def test_what_nobody_owns_goes_to_the_engineer_of_the_token(site: Tenancy):
    token = site.token_for("capture", engineer="ann")
    report(site, booked(stored=1), booked(engineer_id="unknown", losses={"corrupt": 2}), token=token)
    (row,) = books(site)
    assert (row["engineer_id"], row["fired"], row["lost"]) == ("ann", 3, 2)


def test_an_engineer_sees_the_own_books_and_another_organisation_none(site: Tenancy, real_server: Server):
    report(site, booked(stored=1), booked(engineer_id="bob", stored=1))
    assert [row["engineer_id"] for row in books(site, token=site.token_for("read", engineer="bob"))] == ["bob"]
    assert real_server.call("GET", "/v1/reconciliation", token=real_server.token("read")).json["books"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"machine": "my-laptop", "days": []}, 422),
        ({"machine": MACHINE, "days": [], "hostname": "x"}, 422),
        ({"machine": MACHINE, "days": [booked(stored=-1)]}, 422),
        ({"machine": MACHINE, "days": [booked(losses={"theft": 1})]}, 422),
        ({"machine": MACHINE, "days": [booked(day="yesterday")]}, 422),
        ({"machine": MACHINE, "days": [booked(engineer_id="a\0b")]}, 422),
        (b"{", 400),
    ],
)
def test_what_is_not_a_report_is_refused(site: Tenancy, body: object, status: int):
    assert site.post(body, "/v1/capture-report").status == status
    assert books(site) == []


def test_a_real_laptop_tells_its_books_and_the_terminal_shows_them(laptop: Laptop, site: Tenancy, real_server: Server):
    laptop.connect(real_server.address, token=site.token)
    event = {"session_id": "s1", "prompt_id": "p1", "cwd": str(laptop.home), "tool_name": "Agent", "tool_use_id": "t1"}
    for name in ("PreToolUse", "PostToolUse"):
        laptop.hook({**event, "hook_event_name": name, "tool_input": {}})
    assert laptop.run([TALLY, "flush"]).code == 0
    (row,) = books(site)
    assert (row["engineer_id"], row["fired"], row["stored"], row["duplicate"], row["gap"]) == ("ann", 2, 1, 1, 0)
    shown = laptop.run([TALLY, "reconcile"])
    assert (shown.code, b"ann" in shown.out, b"duplicate" in shown.out) == (0, True, True), shown
    assert site.count() == 1
