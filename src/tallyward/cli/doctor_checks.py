"""The checks of `tally doctor`: each looks at one link of the chain from the agent to the ledger."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from tallyward import clock
from tallyward.cli import doctor_hooks, laptop
from tallyward.cli.checks import Check, Verdict
from tallyward.client import backoff, counters, git_facts, home, segments
from tallyward.client.link import Link
from tallyward.errors import TallyError

SKEW_SECONDS_MAX = 60  # a fire carries the laptop's time; a minute off is still in the right day


def run() -> list[Check]:
    """All checks, in the order in which a fire passes the links."""
    return [*doctor_hooks.checks(), _engineer(), _folder(), *_server(), *_spool()]


def _engineer() -> Check:
    config = laptop.configured()
    found = git_facts.repository(str(Path.cwd()))
    named = git_facts.engineer(config, found, os.environ)
    if named is None:
        fix = "Set GITHUB_USER to your GitHub handle where Claude Code is started."
        return Check("engineer", Verdict.WARN, "Nobody says who works here; rows go by `unknown`.", fix)
    if config.engineer_id and named != config.engineer_id:
        finding = f"Rows go by {named!r}, and the token shows those of {config.engineer_id!r}."
        fix = f"Connect with a token made with --engineer {named}, or unset GITHUB_USER where Claude Code is started."
        return Check("engineer", Verdict.WARN, finding, fix)
    if not os.environ.get("GITHUB_USER") and not config.engineer_id:
        fix = "Set GITHUB_USER if that is not your GitHub handle."
        return Check("engineer", Verdict.WARN, f"Rows go by {named!r}, which is git's word.", fix)
    return Check("engineer", Verdict.PASS, f"Rows go by {named!r}.")


def _folder() -> Check:
    root = Path(laptop.root())
    probe = root / "spool" / ".doctor"
    try:
        home.make_folder(str(root), "spool")
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        fix = "Mend its owner and mode, free the disk, or choose another with TALLY_HOME."
        return Check("folder", Verdict.FAIL, f"{root} cannot be written: {error.strerror}.", fix)
    return Check("folder", Verdict.PASS, f"{root} can be written.")


def _server() -> Iterator[Check]:
    try:
        link = laptop.link()
        health = link.get("/v1/health")
    except TallyError as error:
        yield Check("server", Verdict.FAIL, error.message, error.remedy)
        return
    yield Check("server", Verdict.PASS, f"{link.server} answers, version {health.get('version')}.")
    yield _clock(health)
    yield _token(link)
    if link.in_clear:
        fix = "Use an https address."
        yield Check("encryption", Verdict.WARN, "The token crosses the network unencrypted.", fix)


def _clock(health: dict[str, Any]) -> Check:
    try:
        skew = clock.epoch_seconds() - datetime.fromisoformat(str(health.get("time"))).timestamp()
    except ValueError:
        return Check("clock", Verdict.WARN, "The server does not tell its time.", "Update the server.")
    if abs(skew) > SKEW_SECONDS_MAX:
        ahead = "ahead of" if skew > 0 else "behind"
        fix = "Set this machine's clock; rows carry its time."
        return Check("clock", Verdict.WARN, f"This machine is {abs(skew):.0f} s {ahead} the server.", fix)
    return Check("clock", Verdict.PASS, "This machine and the server agree on the time.")


def _token(link: Link) -> Check:
    try:
        said = link.get("/v1/capture-config")
    except TallyError as error:
        fix = "Run `tally connect claude --token TOKEN` with a token that has the scope capture."
        return Check("token", Verdict.FAIL, error.message, fix)
    return Check("token", Verdict.PASS, f"It is valid for the tenant {said.get('tenant')!r}.")


def _spool() -> Iterator[Check]:
    root = laptop.root()
    waiting, counted, lost = segments.waiting(root), counters.load(root), segments.losses(root)
    failed = backoff.failures(root)
    if waiting.rows and failed:
        finding = f"{waiting.rows} rows wait; {failed} attempts failed, the last: {counted.last_error}"
        yield Check("spool", Verdict.FAIL, finding, "Mend what is named above, then run `tally flush`.")
    else:
        yield Check(
            "spool",
            Verdict.PASS,
            f"{waiting.rows} rows wait; last delivery: {counted.last_delivery or 'none yet'}.",
        )
    counts = {**lost, "rejected": counted.rejected, "corrupt": counted.corrupt}
    told = ", ".join(f"{count} {reason}" for reason, count in counts.items() if count)
    if told:
        fix = f"Look into {segments.folder(root)}: rejected.ndjson says why the server refused a row."
        yield Check("losses", Verdict.WARN, f"Not everything could be kept: {told}.", fix)
    else:
        yield Check("losses", Verdict.PASS, "Nothing was lost.")
