"""A learned policy in the shadow of the real shepherd: its word is in every decision, and nothing else comes of it."""

from tallyward.domain.policy_rows import FEATURES
from tallyward.domain.policy_tree import Node, Trained, Tree
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.services.shadow import ShadowPolicy
from tests.shepherd_stage import Stage

TRAINED = Trained(rules="rules/1", rows=1, pull_requests=1, since="", until="", cut="", library="")
ESCALATES = Tree(features=list(FEATURES), nodes=[Node(counts={"escalate": 1.0})], trained=TRAINED)


async def test_its_word_is_kept_beside_the_tables_and_only_the_table_acts(stage: Stage):
    shadow = ShadowPolicy(stage.database)
    await shadow.turn_on(DEFAULT_TENANT, ESCALATES, actor="kay")
    stage.shepherd = stage.another(shadow=shadow)
    assert await stage.look() == "merge"
    (decision,) = await stage.events("pull_request.decision")

    assert decision["shadow"] == {
        "policy": ESCALATES.name, "action": "escalate", "probability": 1.0, "allowed": False,
    }  # fmt: skip
    assert [done[0] for done in stage.forge.written] == ["merge"]
