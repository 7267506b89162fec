"""The page of every measure, from the files in `tallyward.metrics`."""

import inspect

from docs._reference.markdown import code
from tallyward import metrics
from tallyward.metrics._base import Metric
from tallyward.plugins import found

HEAD = """# Measures

One file each in `src/tallyward/metrics`, found by being there. Each is one SELECT over the ledger, for one tenant.
A window of days is so many times 24 hours back from now.
"""


def _section(name: str, metric: type[Metric]) -> str:
    parameters = ", ".join(map(code, metric.parameters))
    facts = [
        f"- Unit: {metric.unit}",
        f"- Undefined: {metric.undefined_when}",
        f"- Caveat: {metric.caveat}",
        f"- Parameters: {parameters}",
        f"- File: `src/tallyward/metrics/{name}.py`",
    ]
    says = " ".join((metric.__doc__ or "").split())
    statement = f"```sql\n{inspect.cleandoc(metric.sql)}\n```"
    return "\n\n".join([f"## {metric.title}", says, "\n".join(facts), statement])


def page() -> str:
    return "\n\n".join([HEAD.strip(), *(_section(name, metric) for name, metric in found(metrics, Metric).items())])
