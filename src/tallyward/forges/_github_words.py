"""Messages of commits out of GitHub's GraphQL, and nothing of them but the agents that their trailers name."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

# Asked for many pull requests at once, by a sync. It names messages, and so stands here and nowhere else.
MESSAGES = """query Messages($ids: [ID!]!) {
  nodes(ids: $ids) { ... on PullRequest {
    number
    commits(first: 100) { nodes { commit { message } } }
  } }
}"""


class _Message(Struct):
    message: str


class _Node(Struct):
    commit: _Message


class _Nodes(Struct):
    nodes: list[_Node]


class _Told(Struct):
    number: int
    commits: _Nodes


class _Answer(Struct):
    nodes: list[_Told | None]


def agents_told(data: Any, agents: Callable[[str], Sequence[str]]) -> dict[int, list[str]]:
    """By the numbers of pull requests: the agents in their commits, out of the answer to `MESSAGES`."""
    told = msgspec.convert(data, _Answer).nodes
    return {
        each.number: sorted({agent for node in each.commits.nodes for agent in agents(node.commit.message)})
        for each in told
        if each is not None
    }
