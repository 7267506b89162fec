"""Facts of a tenant where nothing is wrong and everything is known, to be spoiled one at a time."""

from typing import Any

from tallyward.accept._base import Checkout, Facts
from tallyward.domain.acceptance import AcceptConfig

WORKFLOW = """
on: [push, pull_request]
jobs:
  ruff:
    continue-on-error: true
    steps: [{run: ruff check}]
  bandit:
    runs-on: ubuntu-latest
    steps:
      - run: bandit -r src
      - run: sg scan -c tenants/default/lints
"""
CHECKOUT = Checkout(commands=frozenset({"ship"}), workflows={".github/workflows/code-quality.yml": WORKFLOW})
RULE = "message: use clock.now() instead; see CLAUDE.md#clock"


def facts(**changed: Any) -> Facts:
    known = {
        "settings": AcceptConfig(),
        "team": ("ann", "bob", "cyd"),
        "fires_1d": {"ann": 12, "bob": 11, "cyd": 40},
        "graded": frozenset({"ann", "bob", "cyd", "dan"}),
        "start_seconds": 12.0,
        "retired_fires": {"commit": 0, "assign-prds": 0, "capacity-check": 0},
        "checkouts": {"o/r": CHECKOUT},
        "lints": {f"rule-{n}.yml": RULE for n in range(5)},
        "lints_folder": "tenants/default/lints",
    }
    return Facts(**(known | changed))
