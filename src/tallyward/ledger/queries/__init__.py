"""Statements, one to a `.sql` file whose first line says what it is for; `statement("list_fires")` reads one."""

from functools import cache
from importlib.resources import files
from typing import LiteralString, cast


@cache
def statement(name: str) -> LiteralString:
    """The SQL of `queries/<name>.sql`, with `%(name)s` parameters. Files of ours are as trusted as literals."""
    return cast("LiteralString", (files("tallyward.ledger.queries") / f"{name}.sql").read_text(encoding="utf-8"))
