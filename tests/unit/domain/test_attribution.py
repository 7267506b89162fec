"""An agent's pull request is known by its marks, in an order that is written down; people's words do not leave."""

import pytest

from tallyward.domain.attribution import AgentRules, Attribution, agents_named_in, attribute

RULES = AgentRules()
CANARY = "canary-7f3a"


@pytest.mark.parametrize(
    ("marks", "agent", "evidence"),
    [
        ({"head_branch": "axon/5xx_fixer/120"}, "5xx_fixer", "branch"),
        ({"head_branch": "claude/issue-7"}, "claude", "branch"),
        ({"head_branch": "codex/add-x"}, "codex", "branch"),
        ({"head_branch": "copilot/fix-y"}, "copilot", "branch"),
        ({"head_branch": "jules-123-x"}, "jules", "branch"),
        ({"head_branch": "cursor/z"}, "cursor", "branch"),
        ({"head_branch": "axon/fixer/1", "author": "Copilot", "labels": ["codex"]}, "fixer", "branch"),
        ({"head_branch": "fix", "author": "Copilot", "labels": ["codex"]}, "copilot", "author"),
        ({"author": "google-labs-jules[bot]"}, "jules", "author"),
        ({"author": "ann", "labels": ["bug", "Codex"], "co_agents": ["claude"]}, "codex", "label"),
        ({"author": "ann", "co_agents": ["codex", "claude"]}, "claude", "trailer"),
    ],
    ids=str,
)
def test_the_first_mark_that_names_an_agent_decides(marks: dict[str, object], agent: str, evidence: str):
    assert attribute(RULES, **marks) == Attribution(agent, evidence)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    "marks",
    [
        {},
        {"head_branch": "axon/"},
        {"head_branch": "axon/fixer"},
        {"head_branch": "axon//1"},
        {"head_branch": "feature/claude/x", "author": "claude", "labels": ["bug"]},
        {"head_branch": "claudette/x"},
        {"head_branch": f"axon/{'x' * 200}/1"},
        {"head_branch": "axon/\x07/1"},
        {"author": "dependabot[bot]"},
    ],
    ids=str,
)
def test_what_no_mark_tells_of_is_nobodys(marks: dict[str, object]):
    assert attribute(RULES, **marks) is None  # pyright: ignore[reportArgumentType]


def test_an_organisations_own_rules_come_beside_the_others_and_may_take_one_away():
    own = AgentRules(
        branches={"bots/{agent}/": "{agent}", "axon/fixer/": "the fixer", "cursor/": ""},
        authors={"Acme-Robot": "robot"},
        labels={"codex": ""},
    )

    assert attribute(own, head_branch="bots/gardener/3") == Attribution("gardener", "branch")
    assert attribute(own, head_branch="axon/fixer/3") == Attribution("the fixer", "branch")
    assert attribute(own, head_branch="axon/writer/3") == Attribution("writer", "branch")
    assert attribute(own, head_branch="cursor/x") is None
    assert attribute(own, author="acme-robot") == Attribution("robot", "author")
    assert attribute(own, labels=["codex"]) is None


@pytest.mark.parametrize(
    ("message", "agents"),
    [
        ("Fix\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>", ["claude"]),
        ("Fix\n\nco-authored-by: Cursor <cursoragent@cursor.com>\nCo-authored-by: x <Codex@openai.com>",
         ["codex", "cursor"]),
        ("Co-authored-by: Copilot <198982749+Copilot@users.noreply.github.com>", ["copilot"]),
        ("Co-authored-by: google-labs-jules[bot] <1+google-labs-jules[bot]@users.noreply.github.com>", ["jules"]),
        ("Assisted-by: Cursor Agent", ["cursor"]),
        ("Co-authored-by: Claude Dupont <claude@example.org>", []),
        ("Co-authored-by: Ann <ann@example.org>", []),
        ("We thank Co-authored-by: noreply@anthropic.com", []),
        ("Co-authored-by:", []),
        ("Co-authored-by: <<<>>>\0\ud800", []),
        ("", []),
    ],
    ids=str,
)  # fmt: skip
def test_a_trailer_tells_of_an_agent_by_its_address(message: str, agents: list[str]):
    assert agents_named_in(message) == agents


def test_nothing_of_a_message_leaves_but_the_agents_that_rules_name():
    message = f"{CANARY}\n\nCo-authored-by: {CANARY} <{CANARY}@example.org>\nCo-authored-by: x <noreply@anthropic.com>"

    assert agents_named_in(message, AgentRules(co_authors={"bot@acme.example": "robot"})) == ["claude"]


def test_a_long_message_is_read_in_no_time():
    assert agents_named_in("\n" * 200_000 + "co-authored-by: " * 5_000 + "<" * 50_000) == []


def test_rules_that_cannot_work_are_named():
    wrong = AgentRules(branches={" ": "x", "a/": "{agent}"}, labels={"x": "{agent}"}, authors={"y": "a\nb"})

    assert len(wrong.problems()) == 4
    assert AgentRules(branches={"a/{agent}/": "{agent}"}, labels={"x": ""}).problems() == []
