"""tallyward.cli.checks.canary: what it says of each link that breaks. The whole way is in tests/acceptance."""

import pytest

from tallyward.cli.checks.canary import _trouble
from tallyward.cli.doctor_canary import Flight


def test_the_whole_way_passes_and_leaves_nothing_behind(terminal, healthy, connect, doctor):
    connect(healthy.url)
    assert doctor()["canary"]["status"] == "pass"
    assert list((terminal.laptop.root / "spool").glob("*.ndjson")) == []
    (row,) = healthy.rows.values()
    assert (row["skill_name"], row["session_id"].startswith("tally-doctor-")) == ("mcp__tally__doctor", True)


def test_a_hook_that_keeps_what_it_was_told_is_caught(terminal, healthy, connect, doctor):
    connect(healthy.url)
    path = terminal.laptop.home / ".claude" / "settings.json"
    keeping = "tee -a $TALLY_HOME/spool/copy | "
    path.write_text(path.read_text().replace('"command": "', f'"command": "{keeping}'))
    check = doctor()["canary"]
    assert (check["status"], "spool/copy" in check["message"]) == ("fail", True)


def test_a_hook_that_says_or_does_nothing(terminal, healthy, connect, doctor):
    connect(healthy.url)
    path = terminal.laptop.home / ".claude" / "settings.json"
    whole = path.read_text()
    path.write_text(whole.replace('"command": "', '"command": "echo hello; '))
    assert "had something to say" in doctor()["canary"]["message"]
    path.write_text(whole.replace('"command": "', '"command": "exit 2; '))
    assert "ended with 2" in doctor()["canary"]["message"]


@pytest.mark.parametrize(
    ("flight", "word"),
    [
        (Flight(hook_trouble="ended with 1"), "ended with 1"),
        (Flight(spooled=False), "nothing into the spool"),
        (Flight(spooled=True, delivery_trouble="Full.", rows=0), "Full."),
        (Flight(spooled=True, rows=0, seconds=20), "within 20 s"),
        (Flight(spooled=True, rows=2), "2 rows"),
        (Flight(spooled=True, rows=1, leaked_to=["spool/x"]), "spool/x"),
    ],
)
def test_the_first_link_that_broke_is_named_with_its_remedy(flight, word):
    message, remedy = _trouble(flight) or ("", "")
    assert (word in message, bool(remedy)) == (True, True)


def test_one_row_is_no_trouble():
    assert _trouble(Flight(spooled=True, rows=1)) is None
