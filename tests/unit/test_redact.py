"""Secrets that do not print, and the last net over text that is logged."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.ids import new_token
from tallyward.redact import Secret, keyed_hash, redact

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KNOWN = [
    new_token("eng"),
    "sk-" + "ant-REDACTED" + "x" * 20,
    "ghp_" + "a" * 36,
    "github_pat_" + "a" * 40,
    "xoxb-" + "1" * 12,
    "AKIA" + "A" * 16,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\ncut off",
]


@pytest.mark.parametrize("secret", KNOWN)
def test_a_known_kind_of_secret_leaves_the_text(secret: str) -> None:
    said = redact(f"before {secret} after")
    assert secret not in said
    assert said.startswith("before [redacted]")


@pytest.mark.parametrize("word", ["task-build-the-new-sign-in-page", "risk-assessment-service-core"])
def test_a_word_that_ends_like_a_key_begins_stays(word: str) -> None:
    assert redact(f"in {word} now") == f"in {word} now"


@pytest.mark.parametrize(
    "url", ["postgresql://tally:hunter2@db/x", "https://:hunter2@h", "postgres://a%40b:hun%2Fter2@h:5/x"]
)
def test_a_password_leaves_its_url_and_the_host_stays(url: str) -> None:
    said = redact(f"cannot reach {url}: refused")
    assert "hunter2" not in said
    assert "hun%2Fter2" not in said
    assert said.endswith(": refused")


@pytest.mark.parametrize("text", ["", "http://127.0.0.1:8787/x", "tw_eng_short", "skill /start took 12 ms", "a:b@c"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_a_secret_does_not_print_however_it_is_asked(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("hunter2")
    logging.getLogger("t").warning("%s %r %s", secret, secret, [secret])
    told = [str(secret), repr(secret), f"{secret}", f"{secret!r:>20}", str({"a": secret}), caplog.text]
    assert not any("hunter2" in text for text in told)
    assert secret.reveal() == "hunter2"


def test_a_secret_has_no_dictionary_to_spill() -> None:
    assert not hasattr(Secret("x"), "__dict__")
    with pytest.raises(AttributeError):
        Secret("x").other = 1  # type: ignore[attr-defined]


@given(TEXT, TEXT)
def test_secrets_are_equal_as_their_values_are_whatever_their_letters(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) == (one == other)
    assert hash(Secret(one)) == hash(Secret(one))
    assert bool(Secret(one)) == bool(one)


def test_a_secret_equals_nothing_but_a_secret() -> None:
    assert Secret("x") != "x"


def test_a_fingerprint_needs_the_key() -> None:
    one = keyed_hash(Secret("key"), b"rm -rf /")
    assert one == keyed_hash(Secret("key"), b"rm -rf /")
    assert one != keyed_hash(Secret("other"), b"rm -rf /")
    assert one.startswith("hmac-sha256:")
    assert len(one) == len("hmac-sha256:") + 64


def test_only_the_digest_of_a_token_is_kept_and_it_is_sha256() -> None:
    assert Secret("abc").digest().hex().startswith("ba7816bf8f01cfea")
