"""The checks of `tally doctor`: each looks at one link of the chain from the agent to the ledger."""

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from tallyward import clock
from tallyward.cli import connect, laptop
from tallyward.client import backoff, claude_settings, counters, git_facts, home, segments
from tallyward.client.link import Link
from tallyward.errors import SettingsUnreadable, TallyError

SKEW_SECONDS_MAX = 60  # a fire carries the laptop's time; a minute off is still in the right day
MANAGED_SETTINGS = (
    Path("/etc/claude-code/managed-settings.json"),
    Path("/Library/Application Support/ClaudeCode/managed-settings.json"),
)


class Verdict(Enum):
    """How a check came out."""

    PASS = "PASS"  # noqa: S105  # a word, not a password
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Check:
    """What one check found, and the fix where one is needed."""

    name: str
    verdict: Verdict
    finding: str
    fix: str = ""

    def shown(self) -> dict[str, str]:
        return {"name": self.name, "verdict": self.verdict.value, "finding": self.finding, "fix": self.fix}


def run() -> list[Check]:
    """All checks, in the order in which a fire passes the links."""
    return [*_hooks(), _switches(), _engineer(), _folder(), *_server(), *_spool()]


def _hooks() -> Iterator[Check]:
    try:
        files = [laptop.user_settings(), laptop.project_settings()]
        found = {str(file.path): file.commands() for file in files}
        states = {str(file.path): file.state(connect.claude_command()) for file in files}
    except SettingsUnreadable as error:
        yield Check("hooks", Verdict.FAIL, error.message, error.remedy)
        return
    places = [path for path, commands in found.items() if commands]
    again = "Run `tally connect claude` again."
    if not places:
        fix = "Run `tally connect claude`."
        yield Check("hooks", Verdict.FAIL, "Claude Code is not connected: no settings hold our hooks.", fix)
        return
    if len(places) > 1:
        finding = f"They are in {' and '.join(places)}; each fire is told twice and kept once."
        yield Check("hooks", Verdict.WARN, finding, "Run `tally disconnect claude --project`.")
    elif states[places[0]] == "stale":
        yield Check("hooks", Verdict.WARN, f"Those in {places[0]} are of another installation or version.", again)
    else:
        yield Check("hooks", Verdict.PASS, f"They are in {places[0]}.")
    gone = sorted(
        {path for commands in found.values() for one in commands for path in _programs(one) if not Path(path).exists()}
    )
    if gone:
        yield Check("programs", Verdict.FAIL, f"The hooks start what is gone: {', '.join(gone)}.", again)
    else:
        yield Check("programs", Verdict.PASS, "The Python and the script that the hooks start are there.")


def _programs(command: str) -> list[str]:
    """The absolute paths that a hook's command starts."""
    try:
        return [word for word in shlex.split(command) if word.startswith("/")]
    except ValueError:
        return []


def _switches() -> Check:
    """Settings that turn hooks off, wherever they may stand."""
    user = claude_settings.user_file(os.environ)
    project = laptop.project_settings().path
    for path in (
        *MANAGED_SETTINGS,
        user,
        user.with_name("settings.local.json"),
        project,
        project.with_name("settings.local.json"),
    ):
        settings = home.read_object(str(path))
        if settings.get("disableAllHooks") is True:
            return Check("switches", Verdict.FAIL, f"{path} sets disableAllHooks.", "Remove it there.")
        if settings.get("allowManagedHooksOnly") is True:
            fix = "Ask whoever manages this machine to add our hooks there."
            return Check("switches", Verdict.FAIL, f"{path} allows only managed hooks.", fix)
    return Check("switches", Verdict.PASS, "No settings turn hooks off.")


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
