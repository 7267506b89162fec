"""When the next attempt may be."""

import os

import pytest

from tallyward import clock
from tallyward.client import backoff, sender_start


@pytest.fixture
def root(tmp_path):
    (tmp_path / "spool").mkdir()
    return str(tmp_path)


def test_each_failure_waits_about_twice_as_long_up_to_a_limit(root):
    waits = [backoff.postpone(root) for _ in range(12)]
    for failed, seconds in enumerate(waits):
        whole = min(sender_start.BACKOFF_SECONDS_MAX, 2.0**failed)
        assert whole / 2 <= seconds <= whole
    assert backoff.failures(root) == 12


def test_the_wait_passes_and_a_success_clears_it(root):
    backoff.postpone(root, at_least=60)
    assert 55 < sender_start.backoff_seconds(root) <= 60
    backoff.clear(root)
    assert sender_start.backoff_seconds(root) == 0
    assert backoff.failures(root) == 0


def test_the_server_may_ask_for_more_but_not_for_ever(root):
    assert backoff.postpone(root, at_least=30) == 30
    assert backoff.postpone(root, at_least=10_000) == sender_start.BACKOFF_SECONDS_MAX


@pytest.mark.parametrize("jump", [-3600, 3600, 86_400 * 400])
def test_a_clock_that_jumped_never_holds_the_sender_back_for_long(root, jump):
    """A moment that no backoff can have set comes from another time: it does not count."""
    backoff.postpone(root)
    moment = clock.epoch_seconds() + jump
    os.utime(f"{root}/spool/backoff", (moment, moment))
    assert sender_start.backoff_seconds(root) == 0


def test_a_broken_file_counts_as_no_failure(root):
    for content in (b"\xff", b"", b"many", b"9" * 5000):
        with open(f"{root}/spool/backoff", "wb") as file:  # noqa: PTH123
            file.write(content)
        assert 0 <= backoff.failures(root) <= backoff.FAILURES_MAX
