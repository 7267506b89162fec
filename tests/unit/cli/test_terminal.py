"""What terminals, narrow terminals and pipes are given: columns that fit, colours where they are wanted, plain text."""

import json
import os
import pty
import select
import signal
import struct
import subprocess
from collections.abc import Callable
from fcntl import ioctl
from io import StringIO
from termios import TIOCSWINSZ
from typing import Any

import pytest
from rich.console import Console, Group

from tallyward.cli import terminal as screen
from tallyward.cli.boards import draw_me, draw_team
from tallyward.cli.economics import draw_agents, draw_cost, draw_skills
from tallyward.cli.terminal import dollars, percent, span, sparkline
from tallyward.errors import ConfigInvalid
from tests.listening_server import ListeningServer, Reply
from tests.servers import TALLY
from tests.waiting import eventually

RULES = "─━│┃┏┓╇┡"
ESCAPE = "\x1b"
ROW = {
    "engineer_id": "ann[b]", "fires_30d": 1200, "successful": 1100, "unique_skills": 9, "top_skill": "[red]/ship",
    "utilization": "excellent", "tool_calls": 7, "daily": [0, 4, 8],
}  # fmt: skip
TEAM = {"tenant": "default", "engineers": [ROW], "team": {"engineers": 1, "fires_30d": 1200, "daily": [1, 2]}}
SKILLS = {
    "tenant": "default", "found": 2, "entire": {"fires": 12},
    "rows": [
        {"skill_name": "/ship", "kind": "skill", "people": 4, "fires": 12, "success": {"value": 0.934, "n": 12}},
        {"skill_name": "/rare", "kind": "skill", "people": None, "fires": None, "success": None, "suppressed": True},
    ],
}  # fmt: skip
FIXER = {
    "agent": "fixer", "runs": 3, "success": {"value": 1.0}, "cost_micros": 93_500_000, "prs_merged": 3,
    "micros_per_merged_pr": 31_166_667, "light": "red", "survival": None,
}  # fmt: skip
IDLE = FIXER | {"agent": "idle", "cost_micros": None, "micros_per_merged_pr": None, "light": "undefined"}
AGENTS = {"tenant": "default", "entire": {"cost_micros": 93_500_000}, "rows": [FIXER, IDLE]}
COST = {
    "tenant": "default", "entire": {"cost_micros": 4_000_000, "requests": 9, "unpriced_requests": 2},
    "rows": [
        {"key": "/ship", "requests": 5, "cost_micros": 3_000_000},
        {"key": "/ask", "requests": 4, "cost_micros": 1_000_000},
        {"key": "free", "requests": 2, "cost_micros": None, "unpriced_requests": 2},
    ],
    "by_day": [{"key": "2026-05-02", "cost_micros": 3}, {"key": "2026-05-01", "cost_micros": 1}],
}  # fmt: skip
DRAWN: dict[str, Callable[[Console], Any]] = {
    "me": lambda shown: draw_me({"engineer_id": "ann", "row": ROW, "skills": SKILLS["rows"]}, shown, words="7 days"),
    "team": lambda shown: draw_team(TEAM, shown, words="7 days"),
    "skills": lambda shown: draw_skills(SKILLS, shown, words="7 days"),
    "agents": lambda shown: draw_agents(AGENTS, shown, words="7 days"),
    "cost": lambda shown: draw_cost(COST, shown, words="7 days", by="skill"),
}


def drawn(board: str, *, width: int = 120, terminal: bool = True, **options: Any) -> str:
    """What a console of that kind would show."""
    out = StringIO()
    shown = Console(file=out, width=width, force_terminal=terminal, _environ={"TERM": "xterm"} | options)
    shown.print(Group(*DRAWN[board](shown)))
    return out.getvalue()


@pytest.mark.parametrize("board", DRAWN)
def test_a_pipe_gets_plain_text_without_colours_or_rules(board: str):
    told = drawn(board, terminal=False)

    assert ESCAPE not in told
    assert not set(RULES) & set(told)


@pytest.mark.parametrize("board", DRAWN)
@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(board: str, width: int):
    told = drawn(board, width=width, NO_COLOR="1")
    lines = [screen.Text.from_ansi(line).plain for line in told.splitlines()]

    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("board", DRAWN)
def test_colours_are_for_terminals_that_want_them(board: str):
    assert f"{ESCAPE}[3" in drawn(board) or f"{ESCAPE}[1" in drawn(board)
    assert f"{ESCAPE}[3" not in drawn(board, NO_COLOR="1")


def test_a_narrow_terminal_keeps_who_how_much_and_the_grade():
    narrow, wide = drawn("team", width=50), drawn("team", width=130)

    for heading in ("engineer", "fires", "grade"):
        assert heading in narrow
    assert "tool calls" in wide
    assert "tool calls" not in narrow


@pytest.mark.parametrize("width", [45, 80, 100, 160])
def test_a_number_is_never_cut(width: int):
    assert "1,200" in drawn("team", width=width)
    assert "$93.50" in drawn("agents", width=width)


def test_names_are_no_markup():
    told = drawn("team", terminal=False)

    assert "ann[b]" in told
    assert "[red]/ship" in told


def test_what_is_not_known_is_a_dash_and_never_nothing():
    skills, agents, cost = (
        drawn("skills", terminal=False),
        drawn("agents", terminal=False),
        drawn("cost", terminal=False),
    )

    assert "93 %" in skills
    assert [line.split()[-4:] for line in skills.splitlines() if "/rare" in line] == [["-", "-", "-", "-"]]
    assert [line.split()[4] for line in agents.splitlines() if line.startswith("idle")] == ["-"]
    assert "Requests without a known price, which are in no sum: 2." in cost
    assert [line.split()[2] for line in cost.splitlines() if line.startswith("free")] == ["-"]


def test_the_dearest_comes_first_with_its_share_and_days_are_in_order():
    told = drawn("cost", terminal=False)

    assert told.index("/ship") < told.index("/ask")
    assert "###############" in told
    assert "▃█" in told


def test_a_terminal_that_cannot_draw_blocks_gets_others():
    class Ascii(StringIO):
        encoding = "ascii"

    shown = Console(file=Ascii(), force_terminal=True, width=80)
    assert sparkline([0, 1, 8], bars=screen.bars_for(shown)) == " .@"


@pytest.mark.parametrize(
    ("days", "since", "asked"),
    [
        (30, None, "days=30"),
        (30, "7d", "days=7"),
        (30, "2w", "days=14"),
        (30, "2026-05-17", "from=2026-05-17"),
        (30, "2026-05-17T10:00:00+02:00", "from=2026-05-17T10:00:00%2B02:00"),
    ],
)
def test_since_is_a_day_a_moment_or_so_long_ago(days: int, since: str | None, asked: str):
    assert span(days, since) == asked


@pytest.mark.parametrize("since", ["yesterday", "7", "2026&x=1", "", "7 d"])
def test_a_since_that_means_nothing_is_refused(since: str):
    with pytest.raises(ConfigInvalid, match="--since"):
        span(30, since)


@pytest.mark.parametrize(
    ("micros", "said"), [(None, "-"), (0, "$0.00"), (1, "<$0.01"), (10_000, "$0.01"), (1_234_560_000, "$1,234.56")]
)
def test_money_is_said_to_the_cent(micros: int | None, said: str):
    assert dollars(micros) == said


@pytest.mark.parametrize(("rate", "said"), [(None, "-"), ({"value": None}, "-"), ({"value": 0.0}, "0 %")])
def test_a_rate_of_nothing_is_no_rate(rate: object, said: str):
    assert percent(rate) == said


@pytest.fixture
def server(terminal: Any, listener: ListeningServer, monkeypatch: pytest.MonkeyPatch) -> ListeningServer:
    monkeypatch.setenv("TALLY_SERVER", listener.url)
    monkeypatch.setenv("TALLY_TOKEN", "tw_env")
    terminal.laptop.environ |= {"TALLY_SERVER": listener.url, "TALLY_TOKEN": "tw_env"}
    listener.answers = lambda _request: Reply(200, TEAM)
    return listener


def test_watching_into_a_pipe_needs_json(terminal: Any, server: ListeningServer):
    with pytest.raises(ConfigInvalid, match="--watch needs a terminal"):
        terminal.run("team", "--watch")


def test_json_that_is_watched_is_one_line_at_each_change(
    terminal: Any, server: ListeningServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(screen, "WATCH_SECONDS", 0.0)
    told = iter([TEAM, TEAM, TEAM | {"tenant": "other"}])
    interrupts = [signal.SIGINT]  # one, as by a person; the next request may come before it is felt

    def answers(_request: object) -> Reply:
        said = next(told, None)
        if said is None and interrupts:
            os.kill(os.getpid(), interrupts.pop())
        return Reply(200, said or TEAM | {"tenant": "other"})

    server.answers = answers
    done = terminal.run("team", "--watch", "--json")

    assert [json.loads(line)["tenant"] for line in done.stdout.splitlines()] == ["default", "other"]
    assert done.exit_code == 0


def until(master: int, told: bytearray, wanted: bytes) -> bool:
    """Reads what is there to read; whether `wanted` has come by now."""
    while select.select([master], [], [], 0)[0]:
        told.extend(os.read(master, 65_536))
    return wanted in told


def test_a_real_terminal_follows_survives_the_server_and_is_left_as_it_was(terminal: Any, server: ListeningServer):
    master, slave = pty.openpty()
    ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    environ = {**terminal.laptop.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    told = bytearray()
    process = subprocess.Popen([TALLY, "team", "--watch"], env=environ, stdin=slave, stdout=slave, stderr=slave)
    try:
        eventually(lambda: until(master, told, b"1,200"), 30)
        assert b"\x1b[?1049h" in told
        server.answers = lambda _request: Reply(503, {"error": {"code": "busy", "message": "Away for a moment."}})
        eventually(lambda: until(master, told, b"Away for a moment."), 15)
        server.answers = lambda _request: Reply(200, TEAM | {"tenant": "renamed"})
        eventually(lambda: until(master, told, b"renamed"), 15)
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0
        until(master, told, b"")
        assert b"\x1b[?1049l" in told
        assert b"Traceback" not in told
    finally:
        process.kill()
        process.wait()
        os.close(slave)
        os.close(master)


@pytest.mark.parametrize(("typed", "offered"), [("ski", "skills"), ("acc", "accept"), ("to", "top")])
def test_a_shell_completes_the_commands(terminal: Any, typed: str, offered: str):
    environ = {**terminal.laptop.environ, "_TALLY_COMPLETE": "complete_bash", "COMP_WORDS": f"tally {typed}"}
    done = subprocess.run([TALLY], env=environ | {"COMP_CWORD": "1"}, capture_output=True, text=True, check=False)

    assert offered in done.stdout.split()
