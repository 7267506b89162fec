"""`tally backfill`: what agent programs did on this machine before it was connected, or while nobody listened."""

import json
import os
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from tallyward import clock
from tallyward.cli import laptop
from tallyward.client.link import Link
from tallyward.errors import NotConnected

if TYPE_CHECKING:  # The other commands shall not wait for what only this one needs.
    from collections.abc import Generator

    from tallyward.cli.backfill_run import Advance, Report

TIMEOUT_SECONDS = 60.0  # nobody waits at a prompt here, and a busy server may take its time
EXIT_INTERRUPTED = 130  # as shells say it
MEGABYTE = 1_000_000

backfilling = typer.Typer(no_args_is_help=True, help="Read what an agent program has kept, and deliver what is new.")
Root = Annotated[
    Path | None,
    typer.Option("--root", exists=True, help="Look here, and not where the program keeps its files by itself."),
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Leave out what was before this day (of this machine).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def commands(app: typer.Typer) -> None:
    app.add_typer(backfilling, name="backfill")


@backfilling.command()
def claude(root: Root = None, since: Since = None, as_json: AsJson = False) -> None:
    """Read the transcripts of Claude Code, in CLAUDE_CONFIG_DIR or ~/.claude."""
    _backfill("claude", root, since, as_json=as_json)


@backfilling.command()
def codex(root: Root = None, since: Since = None, as_json: AsJson = False) -> None:
    """Read the rollouts of Codex, in CODEX_HOME or ~/.codex. Those in zstd need `tallyward[backfill]`."""
    _backfill("codex", root, since, as_json=as_json)


@backfilling.command()
def opencode(root: Root = None, since: Since = None, as_json: AsJson = False) -> None:
    """Read the database of opencode, in ~/.local/share/opencode."""
    _backfill("opencode", root, since, as_json=as_json)


def _backfill(program: str, root: Path | None, since: str | None, *, as_json: bool) -> None:
    """Do it and tell of it. Ends with 1 if something could not be delivered."""
    from tallyward.cli.backfill_run import Asked, Backfill

    config = laptop.configured()
    if not config.server or not config.token:
        raise NotConnected
    asked = Asked(program, root, moment_of_day(since) if since else "", os.environ)
    link = Link(config.server, config.token, timeout=TIMEOUT_SECONDS)
    with laptop.writing(), _bar(program, shown=not as_json) as advance:
        backfill = Backfill(asked, laptop.root(), link, advance)
        try:
            report = backfill.run()
        except KeyboardInterrupt:
            report = backfill.report
            report.reason = "It was interrupted."
    print(json.dumps(facts(report), indent=2) if as_json else "\n".join(sentences(report)))
    if report.reason == "It was interrupted.":
        raise typer.Exit(EXIT_INTERRUPTED)
    if not report.is_whole:
        raise typer.Exit(1)


def moment_of_day(day: str) -> str:
    """The begin of a day on this machine's clock, or a moment, as rows write it."""
    try:
        if len(day) == len("2026-01-02"):
            begin = datetime.combine(date.fromisoformat(day), time.min).astimezone()
        else:
            begin = datetime.fromisoformat(day).astimezone()
        return clock.iso(begin.astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{day!r} is no date; write it like 2026-01-31.", param_hint="--since") from error


@contextmanager
def _bar(program: str, *, shown: bool) -> "Generator[Advance]":
    """A bar on a terminal, and nothing anywhere else."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    if not (shown and console.is_terminal):
        yield lambda _done, _of: None
        return
    columns = (TextColumn(program), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(program, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


_PASSED_OVER = (("too_long", "too_long"), ("held_back", "held_back"), ("older", "older_rows"))
_FILES = ("files", "read", "unchanged", "older", "compressed", "unreadable")


def facts(report: "Report") -> dict[str, Any]:
    """Everything that `--json` tells."""
    from tallyward.client.backfill_delivery import Delivered

    counts = asdict(report.counts)
    usage, fires = (report.delivered.get(to) or Delivered() for to in ("usage", "trace"))
    return {
        "program": report.program,
        "roots": report.roots,
        "files": {name: getattr(report, name) for name in _FILES},
        "bytes": report.bytes,
        "lines": counts.pop("lines"),
        "requests": asdict(usage),
        "fires": asdict(fires),
        # Reports of what was told already, in the same file, in another one, or in an earlier run.
        "duplicates": counts.pop("requests") + counts.pop("calls") - usage.sent - fires.sent - report.older_rows,
        "unknown_types": counts.pop("unknown_types"),
        "passed_over": {**counts, **{name: getattr(report, field) for name, field in _PASSED_OVER}},
        "undelivered": report.undelivered,
        "refusals": report.refusals,
        "problems": report.problems,
        "complete": report.is_whole,
        "reason": report.reason,
    }


def sentences(report: "Report") -> list[str]:
    """What a person wants to know."""
    told = facts(report)
    files, requests, fires = told["files"], told["requests"], told["fires"]
    if not report.roots:
        return [f"There is nothing of {report.program} on this machine; --root names another folder."]
    size = f"{report.bytes / MEGABYTE:.1f} MB, {told['lines']} lines"
    lines = [
        f"Read {files['read']} of {files['files']} files ({files['unchanged']} unchanged): {size}.",
        f"Delivered {requests['sent']} requests and {fires['sent']} fires; {told['duplicates']} repeats were folded.",
    ]
    over = [f"{times} {name.replace('_', ' ')}" for name, times in told["passed_over"].items() if times]
    lines += [f"Passed over: {', '.join(over)}."] if over else []
    unknown = [f"{times} {name}" for name, times in told["unknown_types"].items()]
    lines += [f"Records of unknown types: {', '.join(unknown)}."] if unknown else []
    if files["compressed"]:
        lines.append(
            f"{files['compressed']} files are in zstd: pip install 'tallyward[backfill]', then run this again."
        )
    lines += [f"Not readable: {problem}" for problem in report.problems]
    refused = requests["refused"] + fires["refused"]
    lines += [f"The server refused {refused} rows: {'; '.join(report.refusals)}"] if refused else []
    lines += [f"{report.reason} Run it again to go on from there."] if report.reason else []
    return lines
