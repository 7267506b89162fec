"""A learned policy as data: walked without a library, and refused where a walk might not end."""

from typing import Any

import msgspec
import pytest

from tallyward.domain.policy_rows import FEATURES
from tallyward.domain.policy_tree import FORMAT, Node, Trained, Tree, choose, read_tree
from tallyward.errors import Invalid

TRAINED = Trained(rules="rules/1", rows=1, pull_requests=1, since="", until="", cut="", library="")
END = Node(counts={"wait": 3.0, "merge": 1.0})
TREE = Tree(
    features=list(FEATURES),
    nodes=[Node(feature=0, at_most=1.5, yes=1, no=2), END, Node(counts={"merge": 2.0, "escalate": 2.0})],
    trained=TRAINED,
)


def known(first: float) -> list[float]:
    return [first, *[0.0] * (len(FEATURES) - 1)]


def test_a_walk_goes_by_the_questions_to_an_end_and_tells_how_sure_it_is():
    assert (choose(TREE, known(1.5)).action, choose(TREE, known(1.5)).probability) == ("wait", 0.75)
    assert choose(TREE, known(1.75)).action == "escalate", "of equals the first by name"


def test_a_tree_is_the_same_after_a_way_through_a_file_and_has_the_same_name():
    again = read_tree(msgspec.json.format(msgspec.json.encode(TREE)))

    assert (again, again.name) == (TREE, TREE.name)
    assert read_tree(msgspec.to_builtins(TREE)) == TREE
    assert msgspec.structs.replace(TREE, nodes=[END]).name != TREE.name


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "pickle"},
        {"features": ["one"]},
        {"nodes": []},
        {"nodes": [{"feature": 0, "at_most": 1.0, "yes": 0, "no": 0}]},
        {"nodes": [{"feature": 0, "at_most": 1.0, "yes": 1, "no": 7}, {"counts": {"wait": 1}}]},
        {"nodes": [{"feature": 999, "at_most": 1.0, "yes": 1, "no": 1}, {"counts": {"wait": 1}}]},
        {"nodes": [{"counts": {}}]},
        {"nodes": [{"counts": {"wait": 0}}]},
        {"nodes": [{"counts": {"wait": -1}}]},
        {"nodes": [{"counts": {"delete_everything": 1}}]},
        {"nodes": [{"counts": {"wait": 1}, "run": "rm"}]},
        {"more": 1},
    ],
)
def test_what_could_not_be_walked_to_an_end_is_refused(changes: dict[str, Any]):
    with pytest.raises(Invalid, match="That is no policy"):
        read_tree({**msgspec.to_builtins(TREE), **changes})


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", bytes([128, 4]), b"[" * 100_000])
def test_a_file_that_holds_something_else_is_refused(raw: bytes):
    assert FORMAT
    with pytest.raises(Invalid):
        read_tree(raw)
