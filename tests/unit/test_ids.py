"""Identifiers: random, recognisable by a scanner without a database, and never guessed."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.ids import is_token, new_token, prompt_fire_key, random_hex

BASE62 = set(string.digits + string.ascii_letters)


@pytest.mark.parametrize("kind", ["eng", "lead", "admin"])
def test_a_token_has_its_form_and_its_checksum(kind: str) -> None:
    token = new_token(kind)
    body = token.removeprefix(f"tw_{kind}_")
    assert (len(body), set(body) <= BASE62) == (49, True)
    assert is_token(token)


def test_tokens_are_never_the_same() -> None:
    assert len({new_token("eng") for _ in range(1_000)}) == 1_000


@given(st.integers(0, 55), st.sampled_from(sorted(BASE62)))
def test_one_wrong_character_is_noticed(place: int, character: str) -> None:
    token = new_token("eng")
    place %= len(token)
    changed = token[:place] + character + token[place + 1 :]
    assert is_token(changed) == (changed == token)


@given(st.text(max_size=80))
def test_nothing_else_is_a_token(text: str) -> None:
    assert not is_token(text)
    assert not is_token("tw_eng_" + text)


@pytest.mark.parametrize("count", [1, 16, 32])
def test_random_hex_has_two_digits_a_byte(count: int) -> None:
    assert len(random_hex(count)) == 2 * count
    assert random_hex(16) != random_hex(16)


def test_the_key_of_a_fire_in_a_prompt_names_all_three() -> None:
    assert prompt_fire_key("s", "p", "/start") == "s:p:/start"
