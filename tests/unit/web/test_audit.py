from datetime import UTC, datetime
from typing import Any

import pytest

from tallyward.services.audit import AuditBoard, Chain, EventRow
from tallyward.web.pages.audit import ROOM, fact_text, render_audit
from tests.frames import ADMIN, ENGINEER, LEAD, frame

AT = datetime(2026, 5, 17, tzinfo=UTC)
WHOLE = Chain(whole=True, checked=2, broken_at=None, length=2, head="f" * 64)


def event(seq: int, **payload: Any) -> EventRow:
    return EventRow(
        seq=seq, created_at=AT, kind="token.created", work_item_id=None, payload=payload, prev_hash="", hash="a" * 64
    )


def page(chain: Chain, *events: EventRow, given: dict[str, str] | None = None) -> str:
    board = AuditBoard(tenant="default", page=1, limit=100, total=len(events), chain=chain, events=list(events))
    return render_audit(board, frame(ADMIN, ROOM, given))


def test_a_whole_chain_is_said_to_be_whole_with_its_last_hash():
    shown = page(WHOLE, event(1))
    assert ">whole</span>" in shown
    assert "<code>ffffffffffff…</code>" in shown


def test_a_long_chain_says_how_much_of_it_was_checked_and_how_to_check_the_rest():
    shown = page(Chain(whole=True, checked=10_000, broken_at=None, length=123_456, head="f" * 64), event(1))
    assert "The last 10,000 of 123,456 events" in shown
    assert "tally db verify" in shown
    assert "tally db verify" not in page(WHOLE, event(1))


def test_a_broken_chain_is_an_alert_and_its_event_is_marked():
    shown = page(Chain(whole=False, checked=3, broken_at=2, length=3, head=None), event(2), event(1))
    assert 'role="alert"' in shown
    assert shown.count('class="broken"') == 1


@pytest.mark.parametrize(
    ("value", "told"), [("x", "x"), (["a", "b"], "a, b"), ([], "none"), (True, "true"), (3, "3"), ({"a": 1}, '{"a":1}')]
)
def test_a_fact_is_told_as_a_person_writes_it(value: object, told: str):
    assert fact_text(value) == told


def test_a_hostile_fact_is_text_and_short():
    shown = page(WHOLE, event(1, name="<script>x</script>", long="n" * 9_000))
    assert "<script>x" not in shown
    assert "n" * 100 not in shown


def test_the_trail_is_for_whoever_administers():
    assert "Audit" in {link.name for link in frame(ADMIN).rooms}
    assert "Audit" not in {link.name for link in frame(LEAD).rooms} | {link.name for link in frame(ENGINEER).rooms}


def test_one_kind_of_event_leads_back_to_all():
    shown = page(WHOLE, event(1), given={"event": "token.created", "page": "2"})
    assert 'href="/audit">all kinds</a>' in shown
