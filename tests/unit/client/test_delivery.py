"""Delivery: every row ends stored, rejected or still here."""

import json

import pytest

from tallyward.client import counters, delivery, home, sender_start, spool
from tests.listening_server import ARG_KEY, Reply, refusal


def lines(count: int, first: int = 0, target: str = "trace") -> bytes:
    key = "fire_key" if target == "trace" else "fetch_key"
    rows = ({"to": target, "row": {key: f"k{number}", "n": number}} for number in range(first, first + count))
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture
def deliver(laptop, listener):
    laptop.connect(listener.url)
    return lambda: delivery.deliver(str(laptop.root), {})


def test_what_waits_is_stored_and_gone(laptop, listener, deliver):
    spool.append(str(laptop.root), lines(3))
    done = deliver()
    assert (done.stored, done.left, done.reason) == (3, 0, None)
    assert sorted(listener.rows) == ["fire k0", "fire k1", "fire k2"]
    assert list((laptop.root / "spool").glob("segment-*")) == []


def test_a_batch_has_a_thousand_rows_at_most(laptop, listener, deliver):
    spool.append(str(laptop.root), lines(2_500))
    assert deliver().stored == 2_500
    assert [len(post.rows) for post in listener.posts] == [1000, 1000, 500]


def test_fires_and_fetches_go_where_they_belong(laptop, listener, deliver):
    spool.append(str(laptop.root), lines(2) + lines(1, target="context-fetches") + lines(1, first=2))
    assert deliver().stored == 4
    assert [post.path for post in listener.posts] == [
        "/v1/trace?partial=true",
        "/v1/context-fetches?partial=true",
        "/v1/trace?partial=true",
    ]


def test_usage_is_answered_with_counts_and_confirmed_all_the_same(laptop, listener, deliver):
    error = {"index": 2, "code": "invalid", "message": "too long", "field": "model"}
    listener.answers = lambda _request: Reply(202, {"stored": 1, "duplicate": 1, "errors": [error]})
    spool.append(str(laptop.root), lines(3, target="usage"))
    done = deliver()
    assert (done.stored, done.rejected, done.left) == (2, 1, 0)
    assert listener.posts[0].path == "/v1/usage?partial=true"


def test_counts_that_leave_a_row_out_confirm_nothing(laptop, listener, deliver):
    listener.answers = lambda _request: Reply(202, {"stored": 1, "duplicate": 1})
    spool.append(str(laptop.root), lines(3, target="usage"))
    assert (deliver().stored, len(listener.posts)) == (0, 1)


def test_a_row_the_server_refuses_is_set_aside_with_its_reason(laptop, listener, deliver):
    error = {"index": 1, "code": "invalid", "message": "too long", "field": "repo"}
    listener.answers = lambda _request: Reply(202, {"ids": [1, None, 2], "errors": [error]})
    spool.append(str(laptop.root), lines(3))
    done = deliver()
    assert (done.stored, done.rejected, done.left) == (2, 1, 0)
    (kept,) = laptop.set_aside("rejected.ndjson")
    assert json.loads(kept) == {"why": "repo: too long", "row": {"fire_key": "k1", "n": 1}}
    assert counters.load(str(laptop.root)).rejected == 1


def test_a_batch_that_cannot_be_read_is_halved_until_the_row_at_fault_stands_alone(laptop, listener, deliver):
    def answers(request):
        if request.method == "POST" and any(row["n"] == 5 for row in request.rows):
            return refusal(422, "invalid", "cannot be read")
        return None

    listener.answers = answers
    spool.append(str(laptop.root), lines(9))
    done = deliver()
    assert (done.stored, done.rejected, done.left) == (8, 1, 0)
    assert "fire k5" not in listener.rows


@pytest.mark.parametrize("status", [200, 302, 401, 403, 404, 429, 500, 503])
def test_any_other_answer_keeps_everything(laptop, listener, deliver, status):
    listener.answers = lambda _request: refusal(status, "x", "not now")
    spool.append(str(laptop.root), lines(3))
    done = deliver()
    assert (done.stored, done.left, done.reason) == (0, 3, "not now")
    assert sender_start.backoff_seconds(str(laptop.root)) > 0
    assert counters.load(str(laptop.root)).last_error == "not now"


def test_a_stranger_who_says_422_does_not_make_rows_vanish(laptop, listener, deliver):
    listener.answers = lambda _request: Reply(422, {"detail": "some other program"})
    spool.append(str(laptop.root), lines(2))
    assert (deliver().rejected, deliver().left) == (0, 2)


@pytest.mark.parametrize("body", [None, {}, {"ids": [1]}, {"ids": "yes"}])
def test_a_202_that_does_not_tell_what_was_kept_keeps_everything(laptop, listener, deliver, body):
    listener.answers = lambda _request: Reply(202, body)
    spool.append(str(laptop.root), lines(3))
    assert deliver().left == 3


def test_the_server_may_say_when_to_come_back(laptop, listener, deliver):
    busy = refusal(503, "queue_full")
    listener.answers = lambda _request: Reply(503, busy.body, (("Retry-After", "40"),))
    spool.append(str(laptop.root), lines(1))
    deliver()
    assert 35 < sender_start.backoff_seconds(str(laptop.root)) <= 40


def test_what_was_answered_is_not_sent_again_after_a_failure(laptop, listener, deliver):
    def second_batch_fails(request):
        return refusal(503, "busy") if request.method == "POST" and len(listener.posts) == 2 else None

    listener.answers = second_batch_fails
    spool.append(str(laptop.root), lines(1_500))
    assert deliver().left == 500
    listener.answers = lambda _request: None
    assert (deliver().stored, len(listener.rows), len(listener.posts)) == (500, 1_500, 3)


def test_a_lost_answer_doubles_nothing(laptop, listener, deliver):
    def stored_but_never_told(request):
        for row in request.rows if request.method == "POST" else []:
            listener.keep(row)
        return refusal(500, "internal")

    listener.answers = stored_but_never_told
    spool.append(str(laptop.root), lines(3))
    assert deliver().left == 3
    listener.answers = lambda _request: None
    assert deliver().left == 0
    assert len(listener.rows) == 3


def test_corrupted_lines_are_set_aside_and_the_others_delivered(laptop, listener, deliver):
    spool.append(str(laptop.root), lines(1) + b"\x00\x01garbage\n" + lines(1, first=1) + b'{"to":"trace","ro')
    done = deliver()
    assert (done.stored, done.corrupt, done.left) == (2, 2, 0)
    assert laptop.set_aside("corrupt.ndjson") == [b"\x00\x01garbage", b'{"to":"trace","ro']
    assert counters.load(str(laptop.root)).corrupt == 2


def test_a_spool_of_nothing_but_garbage_is_emptied(laptop, listener, deliver):
    spool.append(str(laptop.root), b"garbage\n")
    done = deliver()
    assert (done.corrupt, done.left) == (1, 0)
    assert listener.posts == []


def test_a_key_that_was_not_known_yet_is_learned_on_the_way(laptop, listener, deliver):
    laptop.connect(listener.url, arg_key=None)
    spool.append(str(laptop.root), lines(1))
    assert deliver().stored == 1
    config = home.read_config(str(laptop.root), {})
    assert (config.arg_key, config.engineer_id, config.token) == (ARG_KEY, "ann", "tw_test_token")


def test_without_a_server_everything_stays(laptop):
    spool.append(str(laptop.root), lines(1))
    done = delivery.deliver(str(laptop.root), {})
    assert (done.left, done.reason) == (1, "this machine is not connected to a server")


def test_the_environment_names_another_server(laptop, listener):
    laptop.connect("http://127.0.0.1:1")
    spool.append(str(laptop.root), lines(1))
    assert delivery.deliver(str(laptop.root), {"TALLY_SERVER": listener.url}).stored == 1


def test_of_two_deliveries_at_once_one_waits(laptop, listener, deliver):
    spool.append(str(laptop.root), lines(1))
    with delivery._alone(str(laptop.root), 0) as first:
        done = deliver()
    assert first
    assert (done.stored, done.left, done.reason) == (0, 1, "another delivery is under way")


def test_a_server_from_before_there_were_sizes_has_the_rows_without_them(laptop, listener, deliver):
    """An older server names the first field that it does not know, row by row, and takes the others."""

    def answers(request):
        errors = [
            {"index": index, "code": "invalid", "message": "unknown field", "field": name}
            for index, row in enumerate(request.rows)
            if (name := next((name for name in delivery.NEWER_FIELDS if name in row), None))
        ]
        for index, row in enumerate(request.rows):
            if index not in {error["index"] for error in errors}:
                listener.keep(row)
        bad = {error["index"] for error in errors}
        return Reply(202, {"ids": [None if i in bad else i for i in range(len(request.rows))], "errors": errors})

    sized = {"to": "trace", "row": {"fire_key": "k9", "request_bytes": 10, "response_bytes": 20}}
    listener.answers = answers
    spool.append(str(laptop.root), lines(2) + json.dumps(sized).encode() + b"\n")
    done = deliver()
    assert (done.stored, done.rejected, done.left) == (3, 0, 0)
    assert listener.rows["fire k9"] == {"fire_key": "k9"}
    assert [len(post.rows) for post in listener.posts] == [3, 1]


def test_a_row_that_is_refused_even_without_the_newer_fields_is_set_aside(laptop, listener, deliver):
    def answers(request):
        name = next((name for name in delivery.NEWER_FIELDS if name in request.rows[0]), "repo")
        error = {"index": 0, "code": "invalid", "message": "no", "field": name}
        return Reply(202, {"ids": [None], "errors": [error]})

    sized = {"to": "trace", "row": {"fire_key": "k9", "response_bytes": 20}}
    listener.answers = answers
    spool.append(str(laptop.root), json.dumps(sized).encode() + b"\n")
    done = deliver()
    assert (done.stored, done.rejected, done.left) == (0, 1, 0)
