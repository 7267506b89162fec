"""The tree of the library as ours: it decides the same everywhere, and is the same each time."""

import sys

import msgspec
import pytest

from tallyward.domain.policy_report import Split, split
from tallyward.domain.policy_rows import row_of, vectors
from tallyward.domain.policy_tree import choose, read_tree
from tallyward.errors import TrainingPartMissing
from tallyward.ops.policy_training import DEPTH_MAX, LEAF_ROWS_MIN, SEED, train
from tests.decisions import decisions


@pytest.fixture(scope="module")
def found() -> Split:
    return split([row for row in map(row_of, decisions(120)) if row is not None])


def test_the_walk_without_the_library_decides_as_the_library_does(found: Split) -> None:
    import sklearn.tree

    model = sklearn.tree.DecisionTreeClassifier(
        max_depth=DEPTH_MAX, min_samples_leaf=LEAF_ROWS_MIN, random_state=SEED
    ).fit(vectors(found.learn), [row.action for row in found.learn])
    tree = train(found)

    for rows in (found.learn, found.test):
        known = vectors(rows)
        assert [choose(tree, one).action for one in known] == [str(name) for name in model.predict(known)]
        shares = [max(shares) for shares in model.predict_proba(known)]
        assert [choose(tree, one).probability for one in known] == pytest.approx(shares)


def test_the_same_rows_give_the_same_tree_which_says_what_it_was_made_from(found: Split) -> None:
    tree = train(found)

    assert train(found).name == tree.name
    assert read_tree(msgspec.json.encode(tree)) == tree
    assert (tree.trained.rules, tree.trained.rows) == ("rules/1", len(found.learn))
    assert tree.trained.library.startswith("scikit-learn 1.")


def test_where_the_library_is_not_installed_one_line_says_what_to_install(
    found: Split, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)

    with pytest.raises(TrainingPartMissing) as refused:
        train(found)
    assert "tallyward[server,training]" in refused.value.remedy
