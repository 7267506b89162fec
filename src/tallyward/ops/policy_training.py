"""Makes a decision tree from decisions. The one place that knows the library, which is loaded when somebody trains.

What comes out is plain data: questions, ends and counts, walked without the library and read without running anything.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from tallyward import clock
from tallyward.domain.policy_report import Split
from tallyward.domain.policy_rows import FEATURES, vectors
from tallyward.domain.policy_tree import Node, Trained, Tree
from tallyward.errors import TrainingPartMissing

DEPTH_MAX = 12
LEAF_ROWS_MIN = 5
SEED = 20_260_517


def train(found: Split) -> Tree:
    """A tree that does what was done before the cut. Raises TrainingPartMissing where the library is not installed."""
    try:
        library: Any = import_module("sklearn")
        trees: Any = import_module("sklearn.tree")
    except ImportError as error:
        raise TrainingPartMissing from error
    model = trees.DecisionTreeClassifier(
        max_depth=DEPTH_MAX, min_samples_leaf=LEAF_ROWS_MIN, class_weight=None, random_state=SEED
    )
    model.fit(vectors(found.learn), [row.action for row in found.learn])
    return Tree(
        features=list(FEATURES),
        nodes=_nodes(model.tree_, [str(name) for name in model.classes_]),
        trained=Trained(
            rules=found.learn[-1].policy,
            rows=len(found.learn),
            pull_requests=len({row.subject for row in found.learn}),
            since=clock.iso(found.learn[0].at),
            until=clock.iso(found.learn[-1].at),
            cut=clock.iso(found.at),
            library=f"scikit-learn {library.__version__}",
        ),
    )


def _nodes(tree: Any, actions: Sequence[str]) -> list[Node]:
    """The tree of the library as ours. It keeps shares where we keep numbers of rows."""
    nodes: list[Node] = []
    for place in range(int(tree.node_count)):
        if tree.children_left[place] < 0:
            rows = int(tree.n_node_samples[place])
            shares = [float(share) for share in tree.value[place][0]]
            counts = {action: float(round(share * rows)) for action, share in zip(actions, shares, strict=True)}
            nodes.append(Node(counts={action: count for action, count in counts.items() if count}))
        else:
            nodes.append(
                Node(
                    feature=int(tree.feature[place]),
                    at_most=float(tree.threshold[place]),
                    yes=int(tree.children_left[place]),
                    no=int(tree.children_right[place]),
                )
            )
    return nodes
