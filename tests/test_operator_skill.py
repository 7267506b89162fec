"""What agents are told about operating Tallyward names commands, options and events that there are."""

import re
from pathlib import Path

import pytest

from docs._reference.cli import commands, flags
from tallyward.domain import rates

TEXT = (Path(__file__).parents[1] / "skills" / "operator" / "SKILL.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"`(tally [^`]+)`", TEXT)))


FLAGS = {name: flags(command) for name, command in commands()}


@pytest.mark.parametrize("said", COMMANDS)
def test_a_command_that_is_told_is_there_with_its_options(said: str):
    words = said.split()
    name = next((name for name in (" ".join(words[:n]) for n in (3, 2)) if name in FLAGS), None)

    assert name is not None, "there is no such command"
    assert {word for word in words if word.startswith("--")} <= set(FLAGS[name])


def test_the_command_of_the_rates_and_the_events_of_their_turns_are_told():
    assert {"tally metrics", "tally metrics --project NAME", "tally metrics --watch"} <= set(COMMANDS)
    for kind in (rates.CROSSED, rates.WITHDRAWN, rates.WARNED):
        assert f"`{kind}`" in TEXT


def test_it_opens_as_a_skill_does():
    assert re.match(r"---\nname: tallyward-operator\ndescription: .{40,1024}\n---\n", TEXT)
