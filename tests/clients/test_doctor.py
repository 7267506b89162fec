"""What the doctor warns of, held against what the real Claude Code then does."""

import json

import pytest

from tallyward.testing.scripted_model import Say, Script, Use
from tests import diagnosis
from tests.clients.claude import RealClaude
from tests.clients.rows import arrived
from tests.servers import Server

pytestmark = pytest.mark.clients
LIST = Use("Bash", {"command": "ls"})


def examined(claude: RealClaude) -> dict[str, dict[str, str]]:
    return diagnosis.read(claude.tally("doctor", "--json", "--client", "claude").out)


def test_a_canary_goes_the_way_of_a_real_fire_and_is_not_among_them(claude: RealClaude, serve: Server):
    assert examined(claude)["canary"]["status"] == "pass"
    claude.ask("go", Script([LIST, Say("done")]))
    assert {row["skill_name"] for row in arrived(claude, serve)} == {"session", "Bash"}


def test_duplicate_hooks_are_named_and_the_program_tells_each_fire_twice(claude: RealClaude, serve: Server):
    assert claude.tally("connect", "claude", "--project").code == 0
    found = examined(claude)
    assert (found["duplicates"]["status"], found["canary"]["status"]) == ("fail", "pass")
    claude.ask("go", Script([LIST, Say("done")]))
    rows = arrived(claude, serve)
    assert sorted(row["skill_name"] for row in rows) == ["Bash", "session"], "told twice, kept once"


def test_a_policy_that_turns_hooks_off_is_named_and_the_program_runs_none(claude: RealClaude, serve: Server):
    path = claude.laptop.home / ".claude" / "settings.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "disableAllHooks": True}))
    assert examined(claude)["policy"]["status"] == "fail"
    claude.ask("go", Script([LIST, Say("done")]))
    assert arrived(claude, serve) == []
