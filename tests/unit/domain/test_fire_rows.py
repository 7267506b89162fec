"""From a sighting to a fire: keys, cents, the person behind a token, and what a row may carry."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.domain.fire import (
    COST_MICROS_MAX,
    INT4_MAX,
    FetchIn,
    FireIn,
    capture_fields,
    cents,
    from_report,
    from_sighting,
)
from tallyward.ids import prompt_fire_key

NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)


def row(**fields: Any) -> FireIn:
    facts = {"engineer_id": "thomas-c", "skill_name": "/start", "runtime": "modal", "status": "success", **fields}
    return FireIn(**facts)


def test_a_key_that_was_sent_is_kept() -> None:
    assert from_sighting(row(fire_key="toolu_1", session_id="s", prompt_id="p"), NOON, "x").fire_key == "toolu_1"


def test_without_a_key_the_same_name_in_the_same_prompt_is_the_same_fire() -> None:
    fire = from_sighting(row(session_id="s", prompt_id="p"), NOON, "x")
    assert fire.fire_key == prompt_fire_key("s", "p", "/start")


@pytest.mark.parametrize("known", [{}, {"session_id": "s"}, {"prompt_id": "p"}])
def test_without_session_and_prompt_each_sighting_is_a_fire_of_its_own(known: dict[str, str]) -> None:
    assert from_sighting(row(**known), NOON, "fallback").fire_key == "fallback"


def test_a_derived_key_is_never_longer_than_a_sent_one_may_be() -> None:
    long = "\N{SNAKE}" * 500
    one = from_sighting(row(session_id=long, prompt_id=long), NOON, "x").fire_key
    other = from_sighting(row(session_id=long, prompt_id=long[:-1]), NOON, "x").fire_key
    assert max(len(one), len(other)) <= 500
    assert one != other
    assert one == from_sighting(row(session_id=long, prompt_id=long), NOON, "y").fire_key


def test_the_time_of_receipt_stands_in_for_a_missing_one() -> None:
    early = datetime(2026, 1, 1, tzinfo=UTC)
    assert from_sighting(row(), NOON, "x").ts == NOON
    assert from_sighting(row(ts=early), NOON, "x").ts == early


@pytest.mark.parametrize(
    ("sent", "bound", "kept"),
    [("unknown", "thomas-c", "thomas-c"), ("unknown", None, "unknown"), ("amy", "thomas-c", "amy"), ("amy", "", "amy")],
)
def test_the_person_of_the_token_stands_in_for_an_unknown_engineer(sent: str, bound: str | None, kept: str) -> None:
    assert from_sighting(row(engineer_id=sent), NOON, "x", bound).engineer_id == kept


@pytest.mark.parametrize(
    ("micros", "whole"), [(None, None), (0, 0), (4_999, 0), (5_000, 1), (14_999, 1), (COST_MICROS_MAX, INT4_MAX)]
)
def test_cents_are_micros_rounded_half_up(micros: int | None, whole: int | None) -> None:
    assert cents(micros) == whole


@given(st.integers(0, INT4_MAX))
def test_cents_that_were_sent_come_back_unchanged(amount: int) -> None:
    fire = from_sighting(row(cost_usd_cents=amount), NOON, "x")
    assert (fire.cost_usd_cents, fire.cost_micros) == (amount, amount * 10_000)


def test_the_true_amount_outweighs_the_rounded_one() -> None:
    fire = from_sighting(row(cost_usd_cents=999, cost_micros=12_345), NOON, "x")
    assert (fire.cost_micros, fire.cost_usd_cents) == (12_345, 1)


def test_one_sighting_is_seen_by_its_own_path_alone() -> None:
    assert from_sighting(row(source="hook"), NOON, "x").seen_by == ["hook"]
    assert from_sighting(row(), NOON, "x").seen_by == ["api"]


def test_a_row_may_carry_these_fields_and_no_other() -> None:
    assert capture_fields() == [
        "engineer_id", "skill_name", "runtime", "status", "repo", "model", "latency_ms", "input_tokens",
        "output_tokens", "arg_hash", "cost_usd_cents", "ts", "kind", "session_id", "prompt_id", "fire_key",
        "cost_micros", "branch", "source", "request_bytes", "response_bytes",
    ]  # fmt: skip


def test_a_file_read_keeps_its_own_key_and_time_or_gets_them() -> None:
    told = from_report(FetchIn(agent_name="a", file_path="f", fetch_key="k", ts=NOON), NOON.replace(hour=13), "x")
    bare = from_report(FetchIn(agent_name="a", file_path="f"), NOON, "x")
    assert (told.fetch_key, told.ts) == ("k", NOON)
    assert (bare.fetch_key, bare.ts) == ("x", NOON)
