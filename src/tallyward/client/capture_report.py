"""Telling the server this machine's books, so that what was fired here can be held against what arrived there.

The machine goes by a random number that is made for this purpose. Books that have not changed are not told again. A
server that does not answer, or knows nothing of books, is told the next time: nothing depends on it.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from tallyward import __version__, ids
from tallyward.client import day_counts, home
from tallyward.client.link import Link
from tallyward.errors import TallyError

ROWS_TOLD_MAX = 100  # the newest; those before have long been told
NEWER_FIELDS = ("hook_ms",)  # what a server of an older version refuses by its name
FIELDS = ("day", "engineer_id", "waiting", "stored", "duplicate", "refused", "losses", *NEWER_FIELDS)


def send(root: str, environ: Mapping[str, str]) -> bool:
    """Tell the books if they have changed. Whether the server has them now."""
    config = home.read_config(root, environ)
    rows = [_told(row, FIELDS) for row in day_counts.rows(root)[-ROWS_TOLD_MAX:]]
    known = home.read_object(f"{root}/reported.json")
    if not (config.server and config.token and rows) or known.get("days") == rows:
        return False
    machine = _machine(root)
    report: dict[str, Any] = {"machine": machine, "version": __version__, "days": rows}
    try:
        link = Link(config.server, config.token)
        told = link.call("POST", "/v1/capture-report", report)
        if told.code == "invalid" and any(name in told.error for name in NEWER_FIELDS):
            known_to_all = [name for name in FIELDS if name not in NEWER_FIELDS]
            plainer = [_told(row, known_to_all) for row in rows]
            told = link.call("POST", "/v1/capture-report", {**report, "days": plainer})
    except TallyError:
        return False
    if told.status != 202:  # noqa: PLR2004  # the only word that means: kept
        return False
    with suppress(OSError):  # then they are told once more than needed
        home.write_object(f"{root}/reported.json", {"machine": machine, "days": rows}, durable=False)
    return True


def _told(row: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """What is known of a row; a field that nobody knows is left out."""
    return {name: row[name] for name in fields if row.get(name) is not None}


def _machine(root: str) -> str:
    """The number that this machine goes by, made once."""
    path = f"{root}/machine.json"
    known = home.read_object(path).get("machine")
    if isinstance(known, str):
        return known
    made = ids.random_hex()
    home.write_object(path, {"machine": made})
    return made
