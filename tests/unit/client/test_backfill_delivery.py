"""A backfill's rows end stored or refused, or the run ends with a reason."""

from typing import Any

import pytest

from tallyward.client import backfill_delivery
from tallyward.client.backfill_delivery import BATCH_ROWS_MAX, Delivery
from tallyward.client.link import Link
from tallyward.errors import DeliveryPostponed, NotAuthenticated, ScopeMissing
from tests.listening_server import ListeningServer, Reply, Request, refusal


def rows(number: int) -> list[dict[str, Any]]:
    return [{"request_key": f"m{index}"} for index in range(number)]


@pytest.fixture
def delivery(listener: ListeningServer, monkeypatch: pytest.MonkeyPatch) -> Delivery:
    """To a server that is asked again at once."""
    monkeypatch.setattr(backfill_delivery, "FIRST_WAIT_SECONDS", 0.0)
    return Delivery(Link(listener.url, "tw_x"))


def test_rows_go_in_batches_to_where_they_belong(delivery: Delivery, listener: ListeningServer):
    delivery.deliver("usage", rows(BATCH_ROWS_MAX + 1))
    assert [(post.path, len(post.rows)) for post in listener.posts] == [
        ("/v1/usage?partial=true", BATCH_ROWS_MAX),
        ("/v1/usage?partial=true", 1),
    ]
    assert delivery.done["usage"].stored == BATCH_ROWS_MAX + 1


def test_the_servers_word_on_what_it_knew_and_what_it_refused_is_kept(delivery: Delivery, listener: ListeningServer):
    errors = [{"index": 1, "code": "invalid", "message": "too large", "field": "output_tokens"}]
    listener.answers = lambda _request: Reply(202, {"stored": 1, "duplicate": 1, "errors": errors})
    delivery.deliver("usage", rows(3))
    done = delivery.done["usage"]
    assert (done.sent, done.stored, done.duplicate, done.refused) == (3, 1, 1, 1)
    assert delivery.refusals == ["output_tokens: too large"]


def test_a_server_that_comes_back_gets_the_rows(delivery: Delivery, listener: ListeningServer):
    replies = [refusal(503, "busy"), refusal(429, "slow"), Reply(500)]
    listener.answers = lambda _request: replies.pop() if replies else None
    delivery.deliver("usage", rows(2))
    assert (len(listener.posts), delivery.done["usage"].stored) == (4, 2)


def test_a_server_that_stays_away_ends_the_run(delivery: Delivery, listener: ListeningServer):
    listener.answers = lambda _request: refusal(503, "busy", "the ledger does not answer")
    with pytest.raises(DeliveryPostponed, match="the ledger does not answer"):
        delivery.deliver("usage", rows(1))
    with pytest.raises(DeliveryPostponed, match="does not answer"):
        Delivery(Link("http://127.0.0.1:1", "t")).deliver("usage", rows(1))


@pytest.mark.parametrize(("status", "error"), [(401, NotAuthenticated), (403, ScopeMissing)])
def test_a_token_that_may_not_is_told_at_once(
    delivery: Delivery, listener: ListeningServer, status: int, error: type[Exception]
):
    listener.answers = lambda _request: refusal(status, "no")
    with pytest.raises(error):
        delivery.deliver("usage", rows(1))
    assert len(listener.posts) == 1


def test_a_server_that_does_not_know_the_call_is_not_asked_again(delivery: Delivery, listener: ListeningServer):
    listener.answers = lambda _request: refusal(404, "not_found", "There is nothing here")
    with pytest.raises(DeliveryPostponed, match="There is nothing here"):
        delivery.deliver("usage", rows(1))
    assert len(listener.posts) == 1


def test_one_row_that_cannot_be_read_does_not_take_the_others_along(delivery: Delivery, listener: ListeningServer):
    def answers(request: Request) -> Reply | None:
        bad = any(row["request_key"] == "m3" for row in request.rows)
        return refusal(422, "invalid", "an unknown field") if bad else None

    listener.answers = answers
    delivery.deliver("usage", rows(8))
    assert sorted(listener.rows) == sorted(f"fire m{index}" for index in range(8) if index != 3)
    assert (delivery.done["usage"].stored, delivery.done["usage"].refused) == (7, 1)


def test_an_answer_that_does_not_say_what_was_kept_is_no_confirmation(delivery: Delivery, listener: ListeningServer):
    listener.answers = lambda _request: Reply(202, {"ids": [1]})
    with pytest.raises(DeliveryPostponed):
        delivery.deliver("usage", rows(2))
