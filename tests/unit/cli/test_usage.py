"""`tally usage`."""

import json
import re

import pytest

from tallyward.errors import ConfigInvalid
from tests.listening_server import Reply

ROW = {
    "key": "[red]ship[/red]",
    "requests": 1234,
    "input_tokens": 1_000,
    "cache_read_tokens": 40_000,
    "cache_write_5m_tokens": 200,
    "cache_write_1h_tokens": 100,
    "output_tokens": 42,
    "reasoning_tokens": 7,
    "cost_micros": 12_345_678,
    "unpriced_requests": 0,
}
CHEAP = {**ROW, "key": "cheap", "cost_micros": 9_999}
PARTLY = {**ROW, "key": "partly", "unpriced_requests": 4}
UNKNOWN = {**ROW, "key": "unknown", "cost_micros": None, "unpriced_requests": 1234}


def board(*rows: dict[str, object], **totals: object) -> dict[str, object]:
    return {
        "by": "skill",
        "since": "2026-05-17T00:00:00Z",
        "tenant": "default",
        "rows": list(rows),
        "totals": {**ROW, **totals},
    }


@pytest.fixture
def accounts(terminal, listener, monkeypatch):
    monkeypatch.setenv("TALLY_SERVER", listener.url)
    monkeypatch.setenv("TALLY_TOKEN", "tw_env")
    listener.answers = lambda _request: Reply(200, board(ROW))
    return listener


def line_of(output: str, start: str) -> list[str]:
    found = next(line for line in output.splitlines() if start in line)
    return re.split(r" {2,}", found.strip())


def test_a_row_has_the_columns_that_people_know(terminal, accounts):
    done = terminal.run("usage", "--by", "skill")

    assert line_of(done.output, "requests") == [
        "skill", "requests", "input", "output", "cache write", "cache read", "tokens", "cost",
    ]  # fmt: skip
    expected = ["1,234", "1,000", "42", "300", "40,000", "41,342", "$12.35"]
    assert line_of(done.output, "ship") == ["[red]ship[/red]", *expected]  # a name is no markup
    assert line_of(done.output, "total") == ["total", *expected]
    assert "unpriced" not in done.output


def test_what_is_asked_for_is_what_was_said(terminal, accounts):
    terminal.run("usage")
    terminal.run("usage", "--by", "model", "--since", "2026-05-17", "--days", "7")

    assert [request.path for request in accounts.requests] == [
        "/v1/usage?by=day&days=30",
        "/v1/usage?by=model&since=2026-05-17",
    ]
    assert accounts.requests[0].headers["Authorization"] == "Bearer tw_env"


def test_a_since_that_nobody_can_read_is_named_before_anything_is_asked(terminal, accounts):
    with pytest.raises(ConfigInvalid, match="2026-05-17, 7d or 2w"):
        terminal.run("usage", "--since", "yesterday")

    assert accounts.requests == []


def test_what_has_no_price_is_said_and_is_no_zero(terminal, accounts):
    accounts.answers = lambda _request: Reply(200, board(CHEAP, PARTLY, UNKNOWN, unpriced_requests=1238))

    output = terminal.run("usage").output

    assert line_of(output, "cheap")[-1] == "<$0.01"
    assert line_of(output, "partly")[-1] == "$12.35 *"
    assert line_of(output, "unknown")[-1] == "unpriced"
    assert "* 1,238 of 1,234 requests are unpriced" in output


def test_what_the_server_left_out_is_said(terminal, accounts):
    accounts.answers = lambda _request: Reply(200, {**board(ROW), "omitted": 1_500})

    assert "1,500 more rows are in the total alone." in terminal.run("usage", "--by", "session").output


def test_json_is_what_the_server_said(terminal, accounts):
    assert json.loads(terminal.run("usage", "--json").output) == board(ROW)


def test_a_table_of_nothing_has_its_total(terminal, accounts):
    nothing = dict.fromkeys(ROW, 0)
    accounts.answers = lambda _request: Reply(200, board(**nothing))

    assert line_of(terminal.run("usage").output, "total")[-1] == "$0.00"


def test_a_key_that_is_not_there_is_refused_before_anything_is_asked(terminal, accounts):
    assert terminal.run("usage", "--by", "colour").exit_code == 2
    assert accounts.requests == []
