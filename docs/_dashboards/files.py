"""The dashboards as the files that Grafana reads."""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from docs._dashboards import delivery, economics, utilisation
from tallyward.domain.tenant import TenantConfig

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
_BOARDS = {"engineer-utilization.json": utilisation, "agent-economics.json": economics, "delivery.json": delivery}
NAMES = tuple(_BOARDS)


def written(config: TenantConfig) -> dict[str, str]:
    """The name and the text of each file, for a tenant with these settings."""
    return {name: _text(board.build(config).build()) for name, board in _BOARDS.items()}


def _text(board: object) -> str:
    return json.dumps(board, cls=JSONEncoder, indent=2, sort_keys=True) + "\n"
