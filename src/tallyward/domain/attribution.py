"""Whose work a pull request is: the agent that its marks tell of, or nobody's, which is a person's.

The marks are asked in this order, and the first that names an agent decides:

1. the head branch (`axon/fixer/12`, `claude/issue-7`): whoever starts an agent names it, and one account may run many;
2. the author: the forge vouches for it, but it is often one account for all agents;
3. a label, which anybody may put on;
4. a trailer of a commit (`Co-Authored-By`): the agent had a part, a person may have done the rest.

A trailer holds names and addresses of people. Only the agent that a rule makes of it leaves this module.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

from msgspec import Struct, field

Evidence = Literal["branch", "author", "label", "trailer"]
NAME_CHARS_MAX = 100
TEXT_CHARS_MAX = 65_536
PLACEHOLDER = "{agent}"
# Prefixes of head branches. The first is the convention of the organisation that the ledger's own measures count by.
BRANCHES: Mapping[str, str] = {
    "axon/{agent}/": PLACEHOLDER,
    "claude/": "claude",
    "codex/": "codex",
    "copilot/": "copilot",
    "jules/": "jules",
    "jules-": "jules",
    "cursor/": "cursor",
}
AUTHORS: Mapping[str, str] = {
    "claude[bot]": "claude",
    "chatgpt-codex-connector[bot]": "codex",
    "copilot": "copilot",
    "copilot-swe-agent[bot]": "copilot",
    "google-labs-jules[bot]": "jules",
    "cursor[bot]": "cursor",
}
# Only a label that an agent puts on by itself: a label may as well say what a change is about.
LABELS: Mapping[str, str] = {"codex": "codex"}
# E-mail addresses or whole names. Claude and Jules are names of people too, so these are known by address only.
CO_AUTHORS: Mapping[str, str] = {
    "noreply@anthropic.com": "claude",
    "codex@openai.com": "codex",
    "noreply@openai.com": "codex",
    "copilot": "copilot",
    "copilot@github.com": "copilot",
    "google-labs-jules[bot]": "jules",
    "cursoragent@cursor.com": "cursor",
    "cursor agent": "cursor",
}
_TRAILER = re.compile(r"^[ \t]*(?:co-authored-by|assisted-by|generated-by)[ \t]*:(.*)$", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(r"^([^<>]*)<([^<>]*)>")
_NO_REPLY = re.compile(r"^(?:\d+\+)?(.+)@users\.noreply\.github\.com$")


class AgentRules(Struct, frozen=True, forbid_unknown_fields=True):
    """By what an agent's work is known, beside the rules everybody has. An empty agent takes a rule away.

    `branches` are beginnings of head branches, in which `{agent}` stands for one step of the path and may be the agent
    itself. Authors, labels and co-authors (an address or a whole name) are compared whole, without regard to case.
    """

    branches: dict[str, str] = field(default_factory=dict[str, str])
    authors: dict[str, str] = field(default_factory=dict[str, str])
    labels: dict[str, str] = field(default_factory=dict[str, str])
    co_authors: dict[str, str] = field(default_factory=dict[str, str])

    def problems(self) -> list[str]:
        """What is wrong with these rules, one sentence each."""
        found: list[str] = []
        for name in ("branches", "authors", "labels", "co_authors"):
            for mark, agent in getattr(self, name).items():
                if not mark.strip():
                    found.append(f"agents.{name} has an empty mark")
                if len(agent) > NAME_CHARS_MAX or (agent and not agent.isprintable()):
                    found.append(f"agents.{name}: the agent of {mark!r} is no name")
                if agent == PLACEHOLDER and (name != "branches" or PLACEHOLDER not in mark):
                    found.append(f"agents.{name}: {mark!r} has no {PLACEHOLDER} to take the agent from")
        return found


class Attribution(Struct, frozen=True):
    """The agent, and the mark that told of it."""

    agent: str
    evidence: Evidence


def attribute(
    rules: AgentRules,
    *,
    head_branch: str | None = None,
    author: str | None = None,
    labels: Iterable[str] | None = None,
    co_agents: Iterable[str] | None = None,
) -> Attribution | None:
    """Whose work it is by these marks; None where none of them tells of an agent."""
    agent = _of_branch(rules, head_branch or "")
    if agent is not None:
        return Attribution(agent, "branch")
    agent = _looked_up(AUTHORS, rules.authors, author or "")
    if agent is not None:
        return Attribution(agent, "author")
    named = (_looked_up(LABELS, rules.labels, label) for label in sorted(labels or ()))
    agent = next((name for name in named if name), None)
    if agent is not None:
        return Attribution(agent, "label")
    agent = min(co_agents or (), default=None)
    return None if agent is None else Attribution(agent, "trailer")


def agents_named_in(message: str, rules: AgentRules | None = None) -> list[str]:
    """The agents that the trailers of a commit's message tell of, and nothing else of it."""
    own = rules.co_authors if rules else {}
    found: set[str] = set()
    end = message[-TEXT_CHARS_MAX:]
    if "-by" not in end.lower():
        return []  # as in most messages; looking for each kind of trailer takes ten times as long
    for trailer in _TRAILER.finditer(end):
        for mark in _marks(trailer.group(1).strip()):
            agent = _looked_up(CO_AUTHORS, own, mark)
            if agent is not None:
                found.add(agent)
                break
    return sorted(found)


def _marks(text: str) -> list[str]:
    """The address, the account it belongs to, and the name."""
    parts = _ADDRESS.match(text)
    if parts is None:
        return [text]
    name, address = parts.group(1), parts.group(2).strip()
    account = _NO_REPLY.match(address)
    return [address, *([account.group(1)] if account else []), name]


def _looked_up(defaults: Mapping[str, str], own: Mapping[str, str], mark: str) -> str | None:
    wanted = mark.strip().casefold()
    for known, agent in own.items():
        if known.casefold() == wanted:
            return agent or None
    return defaults.get(wanted)


def _of_branch(rules: AgentRules, branch: str) -> str | None:
    """The agent of the longest prefix that fits, of the organisation's own before everybody's."""
    for prefixes in (rules.branches, BRANCHES):
        for prefix in sorted(prefixes, key=lambda text: (-len(text), text)):
            found = _pattern(prefix).match(branch)
            if found is not None:
                agent = found.group("agent") if prefixes[prefix] == PLACEHOLDER else prefixes[prefix]
                return agent if 0 < len(agent) <= NAME_CHARS_MAX and agent.isprintable() else None
    return None


@lru_cache(maxsize=256)
def _pattern(prefix: str) -> re.Pattern[str]:
    before, placeholder, after = prefix.partition(PLACEHOLDER)
    return re.compile(re.escape(before) + (r"(?P<agent>[^/]+)" if placeholder else "") + re.escape(after))
