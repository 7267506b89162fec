"""The laptop's books balance, day by day, whatever is killed and whenever."""

import json
import os
import random

import pytest

from tallyward.client import counters, day_counts, delivery, segments, spool
from tests.listening_server import Reply, refusal


def line(number: int, day: str = "2026-05-17", engineer: str = "ann", **more: object) -> bytes:
    row = {"fire_key": f"k{number}", "ts": f"{day}T10:00:00.000000Z", "engineer_id": engineer, **more}
    return json.dumps({"to": "trace", "row": row}).encode() + b"\n"


def books(laptop) -> dict[tuple[str, str], dict[str, int]]:
    """The rows by day and engineer, each looked at for whether it balances."""
    found = {}
    for row in day_counts.rows(str(laptop.root)):
        assert row["fired"] == row["spooled"] + row["lost"], row
        assert row["spooled"] == row["sent"] + row["waiting"], row
        assert row["sent"] == row["stored"] + row["duplicate"] + row["refused"], row
        assert row["lost"] == sum(row["losses"].values()), row
        found[row["day"], row["engineer_id"]] = row
    return found


def sums(laptop) -> dict[str, int]:
    names = ("fired", "spooled", "lost", "waiting", "sent", "stored", "duplicate", "refused")
    return {name: sum(row[name] for row in books(laptop).values()) for name in names}


@pytest.fixture
def deliver(laptop, listener):
    """A delivery to a server that says how many rows it knew already."""

    def answers(request):
        if request.method != "POST":
            return None
        before = len(listener.rows)
        ids = [listener.keep(row) for row in request.rows]
        known = str(len(ids) - (len(listener.rows) - before))
        return Reply(202, {"ids": ids, "errors": []}, (("Tally-Duplicate", known),))

    laptop.connect(listener.url)
    listener.answers = answers
    return lambda: delivery.deliver(str(laptop.root), {})


def test_rows_are_booked_by_the_day_and_the_engineer_they_carry(laptop, deliver):
    spool.append(str(laptop.root), line(1) + line(2) + line(3, day="2026-05-18") + line(4, engineer="bob"))
    assert {where: row["waiting"] for where, row in books(laptop).items()} == {
        ("2026-05-17", "ann"): 2,
        ("2026-05-17", "bob"): 1,
        ("2026-05-18", "ann"): 1,
    }
    assert deliver().stored == 4
    assert {where: row["stored"] for where, row in books(laptop).items()} == {
        ("2026-05-17", "ann"): 2,
        ("2026-05-17", "bob"): 1,
        ("2026-05-18", "ann"): 1,
    }
    assert sums(laptop)["waiting"] == 0


def test_a_row_that_the_server_knew_is_a_duplicate_and_not_stored(laptop, deliver):
    spool.append(str(laptop.root), line(1) + line(1) + line(2))
    deliver()
    spool.append(str(laptop.root), line(2))
    deliver()
    assert sums(laptop) == {
        "fired": 4, "spooled": 4, "lost": 0, "waiting": 0, "sent": 4, "stored": 2, "duplicate": 2, "refused": 0,
    }  # fmt: skip


def test_what_is_refused_or_cannot_be_read_or_kept_is_in_the_books(laptop, listener, deliver):
    spool.append(str(laptop.root), line(1) + b"garbage\n" + line(2))
    usual = listener.answers
    listener.answers = lambda request: (
        refusal(422, "invalid", "no") if any(row["fire_key"] == "k2" for row in request.rows) else usual(request)
    )
    deliver()
    spool.count_loss(str(laptop.root), "o", 2)
    told = sums(laptop)
    assert (told["stored"], told["refused"], told["lost"], told["fired"]) == (1, 1, 3, 5)


def test_a_loss_is_a_loss_of_every_row_in_it(laptop):
    spool.append(str(laptop.root), line(1))
    os.truncate(laptop.root / "spool" / "fires.ndjson", spool.SPOOL_BYTES_MAX)
    assert spool.append(str(laptop.root), line(2) + line(3)) == "o"
    assert segments.losses(str(laptop.root))["overflow"] == 2


def test_a_canary_is_in_no_book(laptop, deliver):
    spool.append(str(laptop.root), line(1, session_id="tally-doctor-1"))
    assert books(laptop) == {}
    assert deliver().stored == 1
    assert books(laptop) == {}


def test_a_sender_killed_between_counting_and_removing_counts_nothing_twice(laptop, listener, deliver, monkeypatch):
    """The counts are written before the lines go; whoever comes next goes on where the counts end."""
    spool.append(str(laptop.root), b"".join(line(number) for number in range(1_500)))

    class KilledError(BaseException):
        pass

    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(segments, "keep_rest", killed)
        with pytest.raises(KilledError):
            deliver()
    assert sums(laptop)["stored"] == 1_500
    assert sums(laptop)["waiting"] == 0, "they lie there still, and are counted"
    assert deliver().stored == 0
    assert (sums(laptop)["fired"], sums(laptop)["sent"], sums(laptop)["stored"]) == (1_500, 1_500, 1_500)
    assert len(listener.posts) == 2


def test_the_books_balance_through_any_trouble(laptop, listener, deliver):
    """Lost answers, refusals, garbage and failures in any order: what was fired is where the books say it is."""
    rng = random.Random(7)  # noqa: S311  # chance, not secrecy
    fired = 0
    usual = listener.answers

    def moody(request):
        mood = rng.random()
        if request.method != "POST" or mood < 0.5:
            return usual(request)
        if mood < 0.7:  # it stores them, and the answer gets lost
            usual(request)
            return refusal(500, "internal")
        return refusal(503, "busy")

    listener.answers = moody
    for _ in range(40):
        count = rng.randrange(1, 30)
        spool.append(str(laptop.root), b"".join(line(rng.randrange(200)) for _ in range(count)))
        fired += count
        deliver()
        assert sums(laptop)["fired"] == fired
    listener.answers = usual
    deliver()
    told = sums(laptop)
    assert (told["fired"], told["sent"], told["waiting"]) == (fired, fired, 0)
    assert told["stored"] + told["duplicate"] == fired
    assert told["stored"] <= len(listener.rows)


def test_old_days_are_forgotten(tmp_path):
    counted = counters.Counters()
    for number in range(counters.DAYS_KEPT + 5):
        counted.book(f"2026-{1 + number // 28:02}-{1 + number % 28:02}", "ann", stored=1)
    assert len(counted.days) == counters.DAYS_KEPT
    assert "2026-01-01" not in counted.days
    counters.save(str(tmp_path), counted)
    assert counters.load(str(tmp_path)) == counted


def timed(number: int, took: object, **more: object) -> bytes:
    return json.dumps({**json.loads(line(number, **more)), "hook_ms": took}).encode() + b"\n"


def test_how_long_the_hooks_took_is_counted_once_and_by_whose_they_were(laptop, deliver):
    spool.append(str(laptop.root), timed(1, 7) + timed(2, 700) + timed(3, 7, engineer="bob") + line(4))
    told = {where: row["hook_ms"] for where, row in books(laptop).items()}
    assert told == {
        ("2026-05-17", "ann"): [0, 1, 0, 0, 0, 0, 0, 0, 1],
        ("2026-05-17", "bob"): [0, 1, 0, 0, 0, 0, 0, 0, 0],
    }
    assert deliver().stored == 4
    assert {where: row["hook_ms"] for where, row in books(laptop).items()} == told


def test_a_time_is_no_field_of_what_is_sent_and_nonsense_is_none(laptop, listener, deliver):
    spool.append(str(laptop.root), timed(1, 7) + timed(2, "x") + timed(3, True) + timed(4, -1))
    deliver()
    assert len(listener.rows) == 4
    assert not any("hook_ms" in row for row in listener.rows.values())
    assert books(laptop)["2026-05-17", "ann"]["hook_ms"] == [0, 1, 0, 0, 0, 0, 0, 0, 0]


def test_where_no_hook_tells_there_are_no_times(laptop, deliver):
    spool.append(str(laptop.root), line(1))
    deliver()
    assert books(laptop)["2026-05-17", "ann"]["hook_ms"] is None


def test_counts_by_other_bounds_are_not_read(tmp_path):
    counted = counters.Counters(hook_ms={"2026-05-17": {"ann": [1, 2], "bob": [1] * 9}})
    counters.save(str(tmp_path), counted)
    assert counters.load(str(tmp_path)).hook_ms == {"2026-05-17": {"bob": [1] * 9}}
