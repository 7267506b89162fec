"""`tally status` and `tally flush`: what waits on this machine, what became of the rest, and delivering it now."""

import json
import os
import time
from dataclasses import asdict
from typing import Annotated, Any

import typer

from tallyward import clock, hook_times
from tallyward.cli import codex_hooks, laptop, managed, relay_wiring
from tallyward.cli.programs import CLAUDE, CODEX, AgentProgram
from tallyward.client import (
    backoff,
    capture_report,
    codex_trust,
    counters,
    day_counts,
    delivery,
    relay_start,
    segments,
    sender_start,
)
from tallyward.client.hook_settings import HookSettings
from tallyward.errors import SettingsUnreadable

_INNER = ("days", "hook_ms", "segment", "left_in_segment")  # how the counters keep themselves
FLUSH_LOCK_SECONDS = 30.0  # a delivery that is under way gives every step of the network five seconds

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def commands(app: typer.Typer) -> None:
    app.command()(flush)
    app.command()(status)


def flush() -> None:
    """Deliver now what waits on this machine. Ends with 1 if anything is left."""
    root = laptop.root()
    with laptop.writing():
        done = delivery.deliver(root, os.environ, FLUSH_LOCK_SECONDS)
        if done.reason is None:
            capture_report.send(root, os.environ)
    parts = [f"{done.stored} delivered", f"{done.left} left"]
    parts += [f"{done.rejected} refused (spool/rejected.ndjson)"] if done.rejected else []
    parts += [f"{done.corrupt} unreadable (spool/corrupt.ndjson)"] if done.corrupt else []
    print(", ".join(parts) + (f": {done.reason}" if done.reason and done.left else ""))
    if done.left:
        raise typer.Exit(1)


def facts() -> dict[str, Any]:
    """Everything that `tally status` tells."""
    root = laptop.root()
    config = laptop.configured()
    waiting = segments.waiting(root)
    counted = counters.load(root)
    lost = segments.losses(root)
    days = day_counts.rows(root)
    return {
        "home": root,
        "server": config.server,
        "tenant": config.tenant,
        "engineer": os.environ.get("GITHUB_USER") or config.engineer_id,
        "connected": bool(config.server and config.token),
        "clients": _clients(),
        "spool": {"rows": waiting.rows, "bytes": waiting.bytes},
        "spool_depth": waiting.rows,
        "sightings": counted.sent + counted.corrupt + waiting.rows + sum(lost.values()),
        **{name: value for name, value in asdict(counted).items() if name not in _INNER},
        "days": days,
        "hooks": _hooks(days),
        "lost": {**lost, "rejected": counted.rejected, "corrupt": counted.corrupt},
        "backoff": {"failures": backoff.failures(root), "seconds": round(sender_start.backoff_seconds(root), 1)},
        "sender": sender_pid(root),
        "relay": _relay(root),
    }


def _hooks(days: list[dict[str, Any]]) -> dict[str, int | None]:
    """How long the hooks took, over the days that are kept; no percentile where none has told."""
    counts = hook_times.added(row["hook_ms"] for row in days if row["hook_ms"])
    return {
        "events": sum(counts),
        "p50_ms": hook_times.percentile(counts, 50),
        "p95_ms": hook_times.percentile(counts, 95),
        "slow": hook_times.slow(counts),
    }


def _relay(root: str) -> dict[str, Any] | None:
    """Where the relay is to be found, what uses it, and which process it is; None where there is to be none."""
    settings = relay_start.read(root)
    if settings is None:
        return None
    return {"url": settings.url, "uses": list(settings.uses), "pid": relay_wiring.running(root)}


def _clients() -> dict[str, Any]:
    """Where our hooks are, for each agent program."""
    trusted = codex_trust.recorded(codex_hooks.config_file())
    user = CODEX.user_settings()
    return {
        "claude": {
            "user": _state(CLAUDE, CLAUDE.user_settings()),
            "project": _state(CLAUDE, CLAUDE.project_settings()),
            "managed": _managed(CLAUDE),
        },
        "codex": {
            # Only Codex knows whether what somebody trusted is what stands there now: `tally doctor` asks it.
            "user": {**_state(CODEX, user), "trust_recorded": any(key.startswith(f"{user.path}:") for key in trusted)},
            "managed": _managed(CODEX),
        },
    }


def _managed(program: AgentProgram) -> str | None:
    place = managed.holding(program)
    return None if place is None else str(place)


def _state(program: AgentProgram, settings: HookSettings) -> dict[str, str]:
    try:
        state: str = settings.state(program.command())
    except SettingsUnreadable:
        state = "unreadable"
    return {"path": str(settings.path), "state": state}


def sender_pid(root: str) -> int | None:
    """The process that is delivering now, if one is."""
    try:
        fd = sender_start.claim(root)
    except OSError:
        return None
    if fd is not None:
        os.close(fd)
        return None
    said = (segments.folder(root) / "sender.lock").read_text()
    return int(said) if said.isdigit() else None


def status(as_json: AsJson = False) -> None:
    """Show what waits to be delivered, the last delivery, and what was lost and why."""
    known = facts()
    if as_json:
        print(json.dumps(known, indent=2))
        return
    claude, codex = known["clients"]["claude"], known["clients"]["codex"]
    print(f"Server     {known['server'] or 'none; run `tally connect claude`'}")
    print(f"Claude     {_place(claude)}; this directory's: {claude['project']['state']}")
    print(f"Codex      {_place(codex)}" + _trust(codex))
    if known["relay"]:
        print(f"Relay      {_of_relay(known['relay'])}")
    print(f"Waiting    {known['spool']['rows']} rows, {known['spool']['bytes']} bytes" + _next_attempt(known))
    print(f"Delivered  {known['stored']} rows, last {known['last_delivery'] or 'never'}")
    lost = ", ".join(f"{count} {reason}" for reason, count in known["lost"].items() if count)
    print(f"Lost       {lost or 'nothing'}")
    if known["hooks"]["events"]:
        p50, p95 = (hook_times.words(known["hooks"][name]) for name in ("p50_ms", "p95_ms"))
        print(f"Hooks      p50 {p50}, p95 {p95}, of {known['hooks']['events']} events")
    if known["last_error"]:
        print(f"Trouble    {known['last_error']} ({known['last_error_at']})")


def _place(client: dict[str, Any]) -> str:
    return (
        f"managed settings: {client['managed']}" if client["managed"] else f"your settings: {client['user']['state']}"
    )


def _of_relay(relay: dict[str, Any]) -> str:
    life = f"process {relay['pid']}" if relay["pid"] else "starts with the next session"
    return f"{relay['url']}, {life}; takes {', '.join(relay['uses']) or 'what is sent there by hand'}"


def _trust(codex: dict[str, Any]) -> str:
    if codex["managed"] or codex["user"]["state"] == "absent" or codex["user"]["trust_recorded"]:
        return ""
    return ", not trusted yet: type /hooks in `codex`"


def _next_attempt(known: dict[str, Any]) -> str:
    seconds = known["backoff"]["seconds"]
    if not seconds:
        return ""
    return f"; next attempt {time.strftime('%H:%M:%S', time.localtime(clock.epoch_seconds() + seconds))}"
