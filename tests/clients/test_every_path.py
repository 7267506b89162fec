"""Both real programs in one home with every path on: hooks, telemetry, the relay and a wrapped MCP server.

A fire is one row however many paths saw it, a request costs what was scripted, `tally backfill` finds nothing new,
nothing private is left anywhere, and afterwards each file is what it was.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tallyward.testing.scripted_model import SHELL as ANY_SHELL
from tallyward.testing.scripted_model import Say, Script, Usage, Use
from tests.clients.accounts import assert_counted, assert_nothing_changed, metered, scripted
from tests.clients.claude import RealClaude
from tests.clients.codex import IN_NAMESPACES, RealCodex
from tests.clients.rows import arrived, everything_kept, fires
from tests.clients.test_backfill import backfilled
from tests.clients.wire import Wire
from tests.clients.workplace import Workplace
from tests.laptop import Laptop
from tests.servers import Server
from tests.waiting import eventually

pytestmark = pytest.mark.clients

PROBE = str(Path(__file__).with_name("probe_mcp.py"))
OF_CLAUDE = Usage(fresh=1_200, cache_write=300, cache_read=4_000, output=42)
OF_CODEX = Usage(fresh=70, cache_write=0, cache_read=800, output=21, reasoning=4)
SECRETS = ("canary", "scripted-key", "secret@")
TELL_ALL = ("OTEL_LOG_USER_PROMPTS", "OTEL_LOG_TOOL_DETAILS", "OTEL_LOG_TOOL_CONTENT")
Files = dict[Path, bytes | None]


@pytest.fixture
def files(laptop: Laptop, unconnected_codex: RealCodex, serve: Server, wire: Wire) -> Files:
    """The settings of both programs as a person has them, and what they held."""
    (laptop.home / ".claude").mkdir()
    (laptop.home / ".claude" / "settings.json").write_text('{"model":   "claude-opus-4-8"}\n')
    probe = {"type": "stdio", "command": sys.executable, "args": [PROBE], "env": {}}
    (laptop.home / ".claude.json").write_text(json.dumps({"mcpServers": {"probe": probe}}, indent=1))
    return kept(laptop, unconnected_codex)


@pytest.fixture
def both(files: Files, laptop: Laptop, unconnected_codex: RealCodex, serve: Server, wire: Wire):
    """Claude Code and Codex with all that `tally connect` can turn on."""
    paths = ("--trust", "--relay", "--wrap-mcp", "--mcp")
    token = serve.token(engineer="ann")
    claude = RealClaude(laptop)
    laptop.environ |= dict.fromkeys(TELL_ALL, "1")
    done = claude.tally("connect", "--all", *paths, "--server", wire.url, "--token", token)
    assert (done.code, b"Codex trusts them" in done.out) == (0, True), done
    yield claude, unconnected_codex
    claude.tally("disconnect", "--all")


def kept(laptop: Laptop, codex: RealCodex) -> Files:
    names = (laptop.home / ".claude" / "settings.json", codex.settings, codex.settings.with_name("hooks.json"))
    return {path: path.read_bytes() if path.exists() else None for path in names}


def work(claude: RealClaude, codex: RealCodex) -> None:
    """A command and an MCP call in each program, with secrets in all that is said."""
    command = {"command": "echo canary-output # canary-command"}
    ping = Use("mcp__probe__ping", {"x": "canary-argument"})
    steps = [Use("Bash", {**command, "description": "canary-description"}), ping, Say("canary-answer")]
    done = claude.ask("canary-prompt", Script(steps), usage=OF_CLAUDE)
    assert (done.code, done.out.strip()) == (0, b"canary-answer"), done
    done = codex.ask(
        "canary-prompt",
        Script([Use(ANY_SHELL, command), ping, Say("canary-answer")]),
        model=IN_NAMESPACES,
        usage=OF_CODEX,
    )
    assert (done.code, done.out.strip()) == (0, b"canary-answer"), done


def paths_of(rows: list[dict[str, Any]]) -> "Counter[tuple[str, str, str]]":
    return Counter((row["runtime"], row["kind"], ",".join(row["seen_by"])) for row in rows)


def everything_arrived(workplace: Workplace, serve: Server) -> list[dict[str, Any]]:
    """The rows, once each path has told what it saw."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for runtime in ("claude-code-cli", "codex-cli"):
        seen |= Counter({(runtime, "tool", "hook,otlp"): 1, (runtime, "mcp", "hook,otlp,relay"): 1})

    def found() -> list[dict[str, Any]]:
        rows = arrived(workplace, serve)
        return rows if seen <= paths_of(rows) and metered(serve).total() >= 6 else []

    try:
        return eventually(found, 20)
    except AssertionError:
        assert paths_of(fires(serve)) == seen  # which says what is missing
        raise


def test_with_every_path_on_each_fire_is_one_row_and_each_token_counts_once(
    both: tuple[RealClaude, RealCodex], serve: Server, wire: Wire, files: Files
):
    claude, codex = both
    work(claude, codex)
    rows = everything_arrived(claude, serve)
    assert Counter((row["runtime"], row["kind"]) for row in rows) == Counter(
        (runtime, kind) for runtime in ("claude-code-cli", "codex-cli") for kind in ("session", "tool", "mcp")
    )
    for row in rows:
        assert (row["engineer_id"], row["repo"], row["branch"], row["status"]) == (
            "ann",
            "acme/widget",
            "trunk",
            "success",
        )
    claude.answered += codex.answered
    assert scripted(claude).total() == 6
    assert_counted(claude, serve)
    backfilled(claude, "claude")
    backfilled(codex, "codex")
    assert_nothing_changed(rows, serve)
    assert_counted(claude, serve)
    places = everything_kept(claude, serve, wire)
    assert b"mcp__probe__ping" in places["the wire"]
    assert [(place, secret) for place in places for secret in SECRETS if secret.encode() in places[place]] == []
    assert claude.tally("disconnect", "--all").code == 0
    assert kept(claude.laptop, codex) == files
