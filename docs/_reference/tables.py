"""The page of every table and column, from the schema as it is written down, comments and all."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from docs._reference.markdown import code, table

SCHEMA = Path(__file__).parent.parent.parent / "src" / "tallyward" / "ledger" / "schema.sql"
# The first that a reader looks for come first; a new table comes after them.
ORDER = ("skill_invocations", "context_fetches", "agent_health_stats", "cost_ledger", "pull_requests", "events_outbox")

_TABLE = re.compile(r"^CREATE TABLE public\.(\w+) \(\n(.*?)^\);", re.MULTILINE | re.DOTALL)
_COLUMN = re.compile(r"^    (\w+) ([^,\n].*?),?$", re.MULTILINE)
_COMMENT = re.compile(r"^COMMENT ON (TABLE|VIEW|COLUMN) public\.([\w.]+) IS '((?:[^']|'')*)';", re.MULTILINE)
_KEY = re.compile(r"ALTER TABLE ONLY public\.(\w+)\s+ADD CONSTRAINT \w+ (PRIMARY KEY|UNIQUE) \(([^)]*)\)")
_NOT_A_COLUMN = ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK")

HEAD = """# Tables

Every table carries its tenant and forces row-level security, its owner included: a session that has not said
`tally.tenant` sees no row and adds none. `tally db url` prints an address that says it. The names and columns of
`skill_invocations`, `context_fetches` and `agent_health_stats`, and the view `github_prs`, are a public contract: see
[your own SQL](../how-to/org-sql.md).
"""


@dataclass
class Table:
    """One table: what it is for, its columns with their types and meanings, and its keys."""

    name: str
    says: str = ""
    columns: dict[str, str] = field(default_factory=dict[str, str])
    meanings: dict[str, str] = field(default_factory=dict[str, str])
    keys: list[str] = field(default_factory=list[str])


def tables(sql: str | None = None) -> dict[str, Table]:
    """Every table of the schema."""
    text = SCHEMA.read_text(encoding="utf-8") if sql is None else sql
    found = {name: Table(name) for name, _ in _TABLE.findall(text)}
    for name, body in _TABLE.findall(text):
        columns = {column: kind for column, kind in _COLUMN.findall(body) if column.upper() not in _NOT_A_COLUMN}
        found[name].columns = columns
    for what, name, says in _COMMENT.findall(text):
        _comment(found, what, name, says.replace("''", "'"))
    for name, kind, columns in _KEY.findall(text):
        found[name].keys.append(f"{kind.lower()} ({columns})")
    return found


def _comment(found: dict[str, Table], what: str, name: str, says: str) -> None:
    if what == "COLUMN":
        owner, _, column = name.rpartition(".")
        if owner in found:
            found[owner].meanings[column] = says
    elif name in found:
        found[name].says = says


def views() -> dict[str, str]:
    text = SCHEMA.read_text(encoding="utf-8")
    return {name: says.replace("''", "'") for what, name, says in _COMMENT.findall(text) if what == "VIEW"}


def _type(kind: str) -> str:
    plain = kind.replace("public.", "").replace("timestamp with time zone", "timestamptz")
    return plain.replace(" NOT NULL", "").split(" DEFAULT ")[0]


def _section(found: Table) -> str:
    rows = [
        [code(column), code(_type(kind)), "" if "NOT NULL" in kind else "yes", found.meanings.get(column, "")]
        for column, kind in found.columns.items()
    ]
    told = [f"## {found.name}", found.says, table(["column", "type", "may be NULL", "meaning"], rows)]
    if found.keys:
        told.append(f"Keys: {'; '.join(found.keys)}.")
    return "\n\n".join(told)


def page() -> str:
    found = {name: table for name, table in tables().items() if name != "schema_migrations"}
    names = [*ORDER, *(name for name in found if name not in ORDER)]
    shown = [f"## {name} (view)\n\n{says}" for name, says in views().items()]
    last = "## schema_migrations\n\nWhich migrations ran, with the digest of each. Of `tally serve` alone."
    return "\n\n".join([HEAD.strip(), *(_section(found[name]) for name in names), *shown, last])
