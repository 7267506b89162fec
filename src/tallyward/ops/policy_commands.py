"""`tally policy`: learns from the shepherd's decisions, says how well, and lets what it learned watch from the shadow.

Nothing of it acts. Training and evaluating read rows of a file or of the ledger and change nothing there; what stands
in the shadow, and what was promoted, are events.
"""

import asyncio
import getpass
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import msgspec
import typer

from tallyward import clock, config
from tallyward.domain import policy_report
from tallyward.domain.policy_rows import DecisionRow, row_of, vectors
from tallyward.domain.policy_shadow import NEVER_ALONE
from tallyward.domain.policy_tree import Tree, choose, read_tree
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.errors import ConfigInvalid, TooFewDecisions
from tallyward.ledger.database import Database
from tallyward.ops import policy_words
from tallyward.ops.opened import AsJson, DatabaseUrl, DataDir, TenantName, opened_ledger
from tallyward.ops.policy_training import SEED
from tallyward.ops.policy_training import train as train_tree
from tallyward.redact import Secret
from tallyward.services.shadow import ShadowPolicy

_SPAN = re.compile(r"(\d{1,4})d", re.ASCII)
Result = TypeVar("Result")
Rows = Annotated[
    Path | None, typer.Option(help="Rows as `tally export training` writes them; without it, those of the ledger.")
]
Since = Annotated[str, typer.Option(help="How far to look back in the ledger, as 90d.")]
Model = Annotated[Path, typer.Option(help="File of the policy.")]

policy = typer.Typer(no_args_is_help=True, help="Learn from the shepherd's decisions, and watch what was learned.")


def commands(app: typer.Typer) -> None:
    app.add_typer(policy, name="policy")


@policy.command()
def train(
    model: Model = Path("policy.json"),
    rows: Rows = None,
    since: Since = "90d",
    tenant: TenantName = DEFAULT_TENANT,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Make a policy that does what was done, and say how well it does on later pull requests."""
    read = _read(rows, since, tenant, data, database)
    found = _split(read)
    tree = train_tree(found)
    model.write_bytes(msgspec.json.format(msgspec.json.encode(tree)) + b"\n")
    told = {"policy": tree.name, "file": str(model), "skipped": read.skipped, **_evaluated(tree, found)}
    policy_words.tell(told, policy_words.report, as_json=as_json)


@policy.command()
def evaluate(
    model: Model = Path("policy.json"),
    rows: Rows = None,
    since: Since = "90d",
    tenant: TenantName = DEFAULT_TENANT,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Say how well a policy does what the rule table did, on pull requests that it was not made from."""
    tree = _tree(model)
    read = _read(rows, since, tenant, data, database)
    found = policy_report.split_at(read.rows, datetime.fromisoformat(tree.trained.cut))
    _require_enough(read, policy_report.too_little_to_test(found))
    told = {"policy": tree.name, "file": str(model), "skipped": read.skipped, **_evaluated(tree, found)}
    policy_words.tell(told, policy_words.report, as_json=as_json)


@policy.command()
def shadow(
    turn: Annotated[str, typer.Argument(help="on or off.")],
    model: Model = Path("policy.json"),
    tenant: TenantName = DEFAULT_TENANT,
    data: DataDir = None,
    database: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Let a policy watch: at each decision it says what it would do, and that is all it does."""
    if turn not in ("on", "off"):
        raise ConfigInvalid(f"{turn[:40]!r} is neither on nor off.")
    tree = _tree(model) if turn == "on" else None

    async def act(book: ShadowPolicy) -> Any:
        await (book.turn_on(tenant, tree, actor=_who()) if tree else book.turn_off(tenant, actor=_who()))
        return await book.board(tenant)

    policy_words.tell(msgspec.to_builtins(_with_book(data, database, act)), policy_words.standing, as_json=as_json)


@policy.command()
def status(
    tenant: TenantName = DEFAULT_TENANT, data: DataDir = None, database: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Show which policy is in the shadow, how it agreed for seven days, and what stands against promoting it."""
    board = _with_book(data, database, lambda book: book.board(tenant))
    policy_words.tell(msgspec.to_builtins(board), policy_words.standing, as_json=as_json)


@policy.command()
def promote(
    tenant: TenantName = DEFAULT_TENANT, data: DataDir = None, database: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Mark the policy in the shadow as promoted, or say why not and end with 1. It does not act either way."""
    board = _with_book(data, database, lambda book: book.promote(tenant, actor=_who()))
    policy_words.tell(msgspec.to_builtins(board), policy_words.standing, as_json=as_json)
    sys.exit(1 if board.refused_because else 0)


class _Read(msgspec.Struct):
    """The rows that can be learned from, in the order of their time, and why others were left out."""

    rows: list[DecisionRow]
    skipped: dict[str, int]


def _read(file: Path | None, since: str, tenant: str, data: Path | None, database: str | None) -> _Read:
    match = _SPAN.fullmatch(since)
    if match is None:
        raise ConfigInvalid(f"--since is {since[:40]!r}; write 90d.", field="--since")
    skipped: Counter[str] = Counter()
    if file is not None:
        rows = _from_file(file, skipped)
    else:
        begin = clock.now() - timedelta(days=int(match[1]))
        rows = _with_book(data, database, lambda book: book.rows(tenant, begin))
    rows.sort(key=lambda row: (row.at, row.subject))
    newest = rows[-1].policy if rows else ""
    kept = [row for row in rows if row.policy == newest]
    if len(kept) < len(rows):
        skipped[f"decided by other rules than {newest}"] = len(rows) - len(kept)
    return _Read(kept, dict(skipped))


def _from_file(file: Path, skipped: Counter[str]) -> list[DecisionRow]:
    """The decisions of a file. One that is told twice counts once."""
    found: dict[tuple[str, datetime, str], DecisionRow] = {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{file}: {error}.", field="--rows") from error
    for line in filter(str.strip, lines):
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            told = None
        row = row_of(cast("dict[str, Any]", told)) if isinstance(told, dict) else None
        if row is None:
            skipped["no decision, or not whole"] += 1
        elif (row.subject, row.at, row.action) in found:
            skipped["told twice"] += 1
        else:
            found[row.subject, row.at, row.action] = row
    return list(found.values())


def _split(read: _Read) -> policy_report.Split:
    _require_enough(read, policy_report.too_little(read.rows))
    found = policy_report.split(read.rows)
    _require_enough(read, policy_report.too_little_to_test(found))
    return found


def _require_enough(read: _Read, lacks: list[str]) -> None:
    """Raises TooFewDecisions where there is too little, with what there is and what it would take."""
    if lacks:
        left_out = "".join(f"; left out: {count} {why}" for why, count in read.skipped.items())
        raise TooFewDecisions(f"That is too little to say anything by: {', '.join(lacks)}{left_out}.")


def _tree(model: Path) -> Tree:
    try:
        return read_tree(model.read_bytes())
    except OSError as error:
        raise ConfigInvalid(
            f"{model}: {error.strerror or error}. `tally policy train` makes one.", field="--model"
        ) from error


def _evaluated(tree: Tree, found: policy_report.Split) -> dict[str, Any]:
    """The report on the rows after the cut, each read with what came before it of the same pull request."""
    chosen = [choose(tree, known).action for known in vectors(found.test)]
    draw = random.Random(SEED).randrange  # noqa: S311  # the same rows give the same intervals
    told = msgspec.to_builtins(policy_report.report(found, chosen, draw))
    cut = {"cut": clock.iso(found.at), "learnt_rows": len(found.learn), "left_out_on_both_sides": found.on_both_sides}
    return {**cut, "trained": msgspec.to_builtins(tree.trained), **told, "acts": NEVER_ALONE}


def _who() -> str:
    """Who is at the keyboard, as the system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"  # a user without a name, as containers have them


def _with_book(data: Path | None, database: str | None, act: Callable[[ShadowPolicy], Awaitable[Result]]) -> Result:
    async def run(url: Secret) -> Result:
        ledger = Database(url)
        await ledger.open()
        try:
            return await act(ShadowPolicy(ledger))
        finally:
            await ledger.close()

    with opened_ledger(config.load(data=data, database=database)) as url:
        return asyncio.run(run(url))
