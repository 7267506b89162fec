"""`tally mcp`: what an agent may ask Tallyward, and tell it, over MCP on standard input and output.

Each tool is a few lines over what the terminal's commands use too. Answers are structured, and an error says what to do
next, because whoever reads it is a model that can do it.
"""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from tallyward import __version__, clock, ids
from tallyward.capture._base import NAME_CHARS_MAX, PATH_CHARS_MAX, text
from tallyward.client import figures, git_facts, home, quick_json, spool
from tallyward.errors import TallyError

SENDER = Path(spool.__file__).with_name("sender.py")
DOCTOR = "from tallyward.cli.main import main; main()"
DOCTOR_SECONDS_MAX = 60.0
INSTRUCTIONS = (
    "Tallyward is the ledger of what coding agents do in this organisation. Call record_context_fetch when you read a"
    " file of the repository by other means than a tool for reading files; the other tools answer questions of people."
)
LOSSES = {
    "o": "The spool on this machine is full. Run `tally status`, and mend what keeps it from being delivered.",
    "d": "The disk of this machine refused to keep it. Run `tally doctor`.",
    "l": "The spool on this machine is held by a process that hangs. Run `tally doctor`.",
}

Days = Annotated[int, Field(ge=1, le=366, description="How far to look back, in days.")]
Answer = TypeVar("Answer")
Row = dict[str, Any]


@dataclass(frozen=True)
class Recorded:
    """The file as it was recorded: its path from the top of the repository."""

    file_path: str
    repo: str | None


@dataclass(frozen=True)
class SkillUse:
    """One skill, tool, agent or MCP tool of an engineer."""

    name: str
    kind: str
    fires: int
    successful: int
    errors: int
    abandoned: int
    p50_latency_ms: float | None


@dataclass(frozen=True)
class Utilization:
    """One engineer's use of agents. `utilization` is the grade; it is None where nothing was captured."""

    engineer_id: str
    days: int
    utilization: str | None
    fires: int
    successful: int
    tool_calls: int
    sessions: int
    skills: list[SkillUse]


@dataclass(frozen=True)
class Rates:
    """Fires of one engineer, or of all. `success_rate` is None where there were none."""

    engineer_id: str | None
    fires: int
    successful: int
    success_rate: float | None
    tool_calls: int
    sessions: int
    utilization: str | None


@dataclass(frozen=True)
class TeamRates:
    """The engineers whom one may see, and the team as a whole."""

    tenant: str
    days: int
    engineers: list[Rates]
    team: Rates


@dataclass(frozen=True)
class Finding:
    """One check of the chain from agent to ledger, and the fix where one is needed. `client` None means all of them."""

    client: str | None
    check: str
    status: Literal["pass", "warn", "fail", "skip"]
    message: str
    remedy: str


@dataclass(frozen=True)
class Diagnosis:
    """All checks. `ok` if none of them failed."""

    ok: bool
    checks: list[Finding]


def build() -> MCPServer:
    """The server with its tools."""
    server = MCPServer("tallyward", version=__version__, instructions=INSTRUCTIONS, log_level="ERROR")
    asking = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    telling = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
    server.tool(annotations=telling)(record_context_fetch)
    for tool in (my_utilization, team_rates, doctor):
        server.tool(annotations=asking)(tool)
    return server


def run() -> None:
    """Serve on standard input and output until the client closes it."""
    build().run()


async def record_context_fetch(
    file_path: Annotated[str, Field(min_length=1, description="The file, absolute or from the top of the repository.")],
    agent_name: Annotated[str, Field(min_length=1, max_length=NAME_CHARS_MAX, description="Who read it.")] = "agent",
) -> Recorded:
    """Record that an agent read a file of this repository as context. Only the path is kept, never the content."""
    return await _heeding(lambda: _record_fetch(file_path, agent_name))


async def my_utilization(days: Days = 30) -> Utilization:
    """How much the engineer on this machine used agents, by skill, and with what success."""
    said = await _heeding(lambda: figures.mine(os.environ, _directory(), f"days={days}"))
    row: Row = said.get("row") or {}
    return Utilization(
        engineer_id=str(said.get("engineer_id")),
        days=days,
        utilization=row.get("utilization"),
        fires=row.get("fires_30d", 0),
        successful=row.get("successful", 0),
        tool_calls=row.get("tool_calls", 0),
        sessions=row.get("sessions", 0),
        skills=[_skill(skill) for skill in _list(said, "skills")],
    )


async def team_rates(days: Days = 30) -> TeamRates:
    """How much the team used agents and with what success: each engineer one may see, and all together."""
    said = await _heeding(lambda: figures.team(os.environ, f"days={days}"))
    return TeamRates(
        tenant=str(said.get("tenant")),
        days=days,
        engineers=[_rates(row) for row in _list(said, "engineers")],
        team=_rates(said.get("team") or {}),
    )


async def doctor() -> Diagnosis:
    """Check everything between the agents on this machine and the ledger, with the fix for whatever is broken."""
    said = await _heeding(_diagnosis)
    return Diagnosis(ok=bool(said["ok"]), checks=[Finding(**check) for check in said["checks"]])


async def _heeding(act: Callable[[], Answer]) -> Answer:
    """Do what may block in a thread, and turn an error of ours into one that the model can act on."""
    try:
        return await asyncio.to_thread(act)
    except TallyError as error:
        raise ToolError(f"{error.message} {error.remedy}".strip()) from error


def _directory() -> str:
    """Where the client works: it starts a server there, or says where."""
    return os.environ.get("CLAUDE_PROJECT_DIR") or str(Path.cwd())


def _record_fetch(file_path: str, agent_name: str) -> Recorded:
    repository = git_facts.repository(_directory())
    inside = text(repository.relative_path(file_path), PATH_CHARS_MAX)
    if inside is None:
        top = repository.top or "no repository"
        raise ToolError(f"Not recorded: the file does not lie in {top}. Only files of the repository are recorded.")
    repo = text(repository.name)
    row: Row = {
        "ts": clock.iso_now(),
        "agent_name": text(agent_name, NAME_CHARS_MAX) or "agent",
        "file_path": inside,
        "repo": repo,
        "fetch_key": ids.random_hex(),
    }
    root = home.home_dir(os.environ)
    letter = spool.append(root, quick_json.dumps({"to": "context-fetches", "row": row}).encode() + b"\n")
    if letter is not None:
        raise ToolError(f"Not recorded. {LOSSES[letter]}")
    _have_it_sent(root)
    return Recorded(file_path=inside, repo=repo)


def _have_it_sent(root: str) -> None:
    """Start a sender; it leaves at once if there is one."""
    config = home.read_config(root, os.environ)
    if config.server and config.token:
        sender = subprocess.Popen(
            [sys.executable, "-I", "-S", str(SENDER)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        threading.Thread(target=sender.wait, daemon=True).start()  # it outlives this call, and is nobody's zombie


def _diagnosis() -> Row:
    """What `tally doctor` says: a process of its own, so that it finds what the terminal would find."""
    command = [sys.executable, "-c", DOCTOR, "doctor", "--json"]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=DOCTOR_SECONDS_MAX, check=False, stdin=subprocess.DEVNULL
        )
        said: Row = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise ToolError("The doctor itself has failed. Run `tally doctor` in a terminal to see why.") from error
    return said


def _list(said: Row, name: str) -> list[Row]:
    return said.get(name) or []


def _skill(skill: Row) -> SkillUse:
    return SkillUse(
        name=str(skill.get("skill_name")),
        kind=str(skill.get("kind")),
        fires=skill.get("fires", 0),
        successful=skill.get("successful", 0),
        errors=skill.get("errors", 0),
        abandoned=skill.get("abandoned", 0),
        p50_latency_ms=skill.get("p50_latency_ms"),
    )


def _rates(row: Row) -> Rates:
    fires = row.get("fires_30d", 0)
    successful = row.get("successful", 0)
    return Rates(
        engineer_id=row.get("engineer_id"),
        fires=fires,
        successful=successful,
        success_rate=round(successful / fires, 4) if fires else None,
        tool_calls=row.get("tool_calls", 0),
        sessions=row.get("sessions", 0),
        utilization=row.get("utilization"),
    )
