"""Telling the books: once when they change, by a number that says nothing, and never in anybody's way."""

import json

from tallyward.client import capture_report, day_counts, spool
from tests.listening_server import ListeningServer, refusal

ROW = b'{"to":"trace","row":{"fire_key":"k","ts":"2026-05-17T10:00:00Z","engineer_id":"ann","repo":"acme/widget"}}\n'
TIMED = ROW.replace(b'{"to"', b'{"hook_ms":17,"to"')


def send(laptop) -> bool:
    return capture_report.send(str(laptop.root), {})


def test_books_are_told_once_until_they_change(laptop, listener):
    laptop.connect(listener.url)
    assert not send(laptop), "there are none"
    spool.append(str(laptop.root), ROW)
    assert (send(laptop), send(laptop)) == (True, False)
    spool.append(str(laptop.root), ROW)
    assert send(laptop)
    assert [report["days"][0]["waiting"] for report in listener.reports] == [1, 2]
    assert len({report["machine"] for report in listener.reports}) == 1


def test_nothing_is_told_but_numbers_days_and_handles(laptop, listener):
    laptop.connect(listener.url)
    spool.append(str(laptop.root), TIMED)
    send(laptop)
    (report,) = listener.reports
    assert set(report) == {"machine", "version", "days"}
    assert set(report["days"][0]) == set(capture_report.FIELDS)
    assert "widget" not in json.dumps(report)


def test_a_server_that_does_not_answer_is_told_later(laptop):
    laptop.connect("http://127.0.0.1:1")
    spool.append(str(laptop.root), ROW)
    assert not send(laptop)
    with ListeningServer() as listener:
        laptop.connect(listener.url)
        assert send(laptop)
        assert len(listener.reports) == 1


def test_a_sender_tells_the_books_before_it_leaves(laptop, listener):
    laptop.connect(listener.url)
    spool.append(str(laptop.root), ROW)
    assert laptop.sender("--linger", "0.1").wait(20) == 0
    assert [report["days"][0]["stored"] for report in listener.reports] == [1]
    assert [row["waiting"] for row in day_counts.rows(str(laptop.root))] == [0]


def test_a_server_that_does_not_know_the_hooks_times_gets_the_report_without(laptop, listener):
    def old(report):
        unknown = any("hook_ms" in day for day in report["days"])
        return refusal(422, "invalid", "Object contains unknown field `hook_ms`.") if unknown else None

    listener.refuses_report = old
    laptop.connect(listener.url)
    spool.append(str(laptop.root), TIMED)
    assert send(laptop)
    assert [report["days"][0].get("hook_ms") for report in listener.reports] == [[0, 0, 1, 0, 0, 0, 0, 0, 0], None]
    assert not send(laptop), "it is told once"
