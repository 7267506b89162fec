"""A learned policy: a decision tree as plain JSON, and the walk through it. No library is needed to use one.

A tree from elsewhere is data to be checked, not code to be run: every way through it goes down and ends.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from tallyward.domain.policy_rows import FEATURES
from tallyward.domain.shepherd_facts import ACTIONS
from tallyward.errors import Invalid

FORMAT = "tallyward.tree/1"
ID_CHARS = 16
NODES_MAX = 20_000


class Node(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question: is the feature at most `at_most`? Then on at `yes`, else at `no`. Or an end, with how often what."""

    feature: int = -1
    at_most: float = 0.0
    yes: int = -1
    no: int = -1
    counts: dict[str, float] = {}


class Trained(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a tree was made from."""

    rules: str
    rows: int
    pull_requests: int
    since: str
    until: str
    cut: str
    library: str


class Tree(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy that was learned. `features` are the numbers that it asks for, by name and in their order."""

    features: list[str]
    nodes: list[Node]
    trained: Trained
    format: str = FORMAT

    @property
    def id(self) -> str:
        """The same for the same tree."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()[:ID_CHARS]

    @property
    def name(self) -> str:
        return f"tree/{self.id}"


class Choice(Struct, frozen=True, kw_only=True):
    """What the tree would do, and the share of the rows that ended where it did and did the same."""

    action: str
    probability: float


def read_tree(raw: bytes | dict[str, Any]) -> Tree:
    """A tree from JSON. Raises Invalid for one that could not be walked to an end, or that asks for other numbers."""
    try:
        tree = msgspec.json.decode(raw, type=Tree) if isinstance(raw, bytes) else msgspec.convert(raw, Tree)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"That is no policy: {error}.") from error
    wrong = _wrong(tree)
    if wrong:
        raise Invalid(f"That is no policy that can be walked: {wrong}.")
    return tree


def _wrong(tree: Tree) -> str:
    if tree.format != FORMAT:
        return f"its format is {tree.format[:40]!r}, not {FORMAT}"
    if tree.features != list(FEATURES):
        return "it asks for other features than this version knows; train it anew"
    if not 0 < len(tree.nodes) <= NODES_MAX:
        return f"it has {len(tree.nodes)} nodes"
    return next(
        (f"node {place} {wrong}" for place, node in enumerate(tree.nodes) if (wrong := _bad(tree, place, node))), ""
    )


def _bad(tree: Tree, place: int, node: Node) -> str:
    if node.feature < 0:
        known = all(action in ACTIONS and math.isfinite(n) and n >= 0 for action, n in node.counts.items())
        return "" if known and sum(node.counts.values()) > 0 else "ends in nothing that could be done"
    down = all(place < child < len(tree.nodes) for child in (node.yes, node.no))
    return "" if down and node.feature < len(tree.features) and math.isfinite(node.at_most) else "leads nowhere"


def choose(tree: Tree, known: Sequence[float]) -> Choice:
    """What the tree would do. Of equals the action that is first by name, so that it is always the same."""
    node = tree.nodes[0]
    while node.feature >= 0:
        node = tree.nodes[node.yes if known[node.feature] <= node.at_most else node.no]
    action = min(node.counts, key=lambda name: (-node.counts[name], name))
    return Choice(action=action, probability=node.counts[action] / sum(node.counts.values()))
