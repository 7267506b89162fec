"""`tally me` and `tally team`."""

import json

import pytest

from tallyward.cli.terminal import sparkline
from tallyward.errors import Invalid, NotConnected
from tests.listening_server import Reply, refusal

ROW = {
    "engineer_id": "ann",
    "fires_30d": 12,
    "successful": 10,
    "unique_skills": 2,
    "top_skill": "[red]ship[/red]",
    "utilization": "spinning?",
    "tool_calls": 7,
    "daily": [0, 4, 8],
}
ME = {
    "engineer_id": "ann",
    "days": 7,
    "row": ROW,
    "skills": [
        {"skill_name": "[red]ship", "kind": "skill", "fires": 12, "successful": 10, "errors": 1, "abandoned": 1}
    ],
}
TEAM = {
    "tenant": "default",
    "sample": True,
    "engineers": [ROW],
    "team": {"engineers": 1, "fires_30d": 12, "daily": [1]},
}


@pytest.fixture
def boards(terminal, listener, monkeypatch):
    """Server and token of the environment are enough."""
    monkeypatch.setenv("TALLY_SERVER", listener.url)
    monkeypatch.setenv("TALLY_TOKEN", "tw_env")
    listener.answers = lambda request: Reply(200, ME if request.path.startswith("/v1/me") else TEAM)
    return listener


def test_me_shows_ones_own_row(terminal, boards):
    done = terminal.run("me", "--days", "7")
    assert "ann, 7 days: 12 fires, spinning?; 7 tool calls" in done.output
    assert "[red]ship" in done.output  # a name is no markup
    assert boards.requests[0].path == "/v1/me?days=7"
    assert boards.requests[0].headers["Authorization"] == "Bearer tw_env"


def test_a_token_of_nobody_in_particular_is_told_who_asks(terminal, boards, monkeypatch):
    monkeypatch.setenv("GITHUB_USER", "ann&co")
    usual = boards.answers
    boards.answers = lambda request: usual(request) if "engineer=ann%26co" in request.path else refusal(422, "invalid")
    assert "ann, 30 days" in terminal.run("me").output
    monkeypatch.delenv("GITHUB_USER")
    with pytest.raises(Invalid):
        terminal.run("me")


def test_team_shows_everybody_and_says_when_it_is_a_sample(terminal, boards):
    done = terminal.run("team")
    assert "default, 30 days: 1 engineers, 12 fires (sample data)" in done.output
    assert "[red]ship[/red]" in done.output


@pytest.mark.parametrize(("command", "said"), [("me", ME), ("team", TEAM)])
def test_json_is_what_the_server_said(terminal, boards, command, said):
    assert json.loads(terminal.run(command, "--json").output) == said


@pytest.mark.parametrize("command", ["me", "team"])
def test_an_empty_answer_is_an_empty_board(terminal, boards, command):
    boards.answers = lambda _request: Reply(200, {})
    assert terminal.run(command).exit_code == 0


def test_without_a_server_it_says_how_to_connect(terminal):
    with pytest.raises(NotConnected) as caught:
        terminal.run("me")
    assert "tally connect claude" in caught.value.remedy


def test_days_are_a_number_of_days(terminal, boards):
    assert terminal.run("me", "--days", "0").exit_code == 2


@pytest.mark.parametrize(
    ("daily", "bars"), [([], ""), ([0, 0], "  "), ([1], "█"), ([0, 1, 8], " ▁█"), ([5] * 40, "█" * 30)]
)
def test_a_sparkline_has_one_bar_a_day(daily, bars):
    assert sparkline(daily) == bars
