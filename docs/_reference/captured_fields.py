"""The page of every field that may be captured, and the README's table of it.

Which structs there are comes from the table of calls, names and limits from the structs, which refuse every other
field, meanings from the comments of the columns. Only where a struct ends and who sets its fields is written here; a
struct or field without that stops the build.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from docs._reference import shapes, tables
from docs._reference.markdown import code, table
from tallyward.capture._base import Seen, fetch, fire
from tallyward.domain.capture_report import CaptureReportIn
from tallyward.domain.fire import FetchIn, FireIn
from tallyward.domain.hold import ScopeIn
from tallyward.domain.trust_override import EndIn, OverrideIn
from tallyward.domain.usage import UsageIn
from tallyward.domain.work_item import TransitionIn
from tallyward.web.app import CALLS

# Fields that end in a column of another name.
COLUMN = {"source": "seen_by", "days": "day", "verdict": "last_verdict", "at": "updated_at"}
FIRE_SOURCES = {
    "engineer_id": "`GITHUB_USER`, else the engineer of the token, else git's `github.user` or `user.name`, else"
    " `unknown`. The server puts the token's engineer in the place of `unknown`.",
    "skill_name": "The agent's name for the skill, command, tool, MCP tool or agent. Never its arguments.",
    "runtime": "`TALLY_RUNTIME`, else what Claude Code says of how it was started.",
    "status": "What the agent says of the end; `abandoned` until it says something.",
    "repo": "`owner/name` of the git remote `origin`, without user, password and host; else the folder's name.",
    "model": "What the agent says.",
    "latency_ms": "The agent's own duration; for a prompt, from its begin to its end on one clock.",
    "input_tokens": "The usage of a subagent, where the agent says it.",
    "output_tokens": "The usage of a subagent, where the agent says it.",
    "arg_hash": "HMAC-SHA-256 of the arguments under the tenant's key, made on the laptop. NULL until it has the key.",
    "cost_usd_cents": "Callers of the API, such as a runner that knows its bill. Taken only without `cost_micros`.",
    "ts": "The laptop's clock; without it, the moment in which the server got the row.",
    "kind": "What the agent's event is about.",
    "session_id": "The agent's own id.",
    "prompt_id": "The agent's own id.",
    "fire_key": "The agent's tool use id; else session, prompt and name. Without any of these, a key of its own.",
    "cost_micros": "Callers of the API, such as a runner that knows its bill.",
    "branch": "`.git/HEAD` of the work tree.",
    "source": "The path itself: a hook says `hook`. Without it, `api`.",
    "request_bytes": "Wrapper and proxy before an MCP server: the request's message, of several rounds all. Claude"
    " Code's telemetry: the input of a tool.",
    "response_bytes": "The same for the answer.",
}
FETCH_SOURCES = {
    "agent_name": "The subagent's type, else `claude-code`.",
    "file_path": "The path that a reading tool was given, if it lies inside the repository; never a file's content.",
    "repo": "`owner/name` of the git remote `origin`, without user, password and host; else the folder's name.",
    "ts": "The laptop's clock; without it, the moment in which the server got the row.",
    "fetch_key": "The agent's tool use id. Without it, a key of its own.",
}
USAGE_SOURCES = {
    "request_key": "Claude Code: the provider's message id. Codex: the thread and its tokens so far.",
    "ts": "The agent's own record of the answer.",
    "model": "The agent's own record. `<synthetic>`, an answer without a model, is counted and not stored.",
    "runtime": "`TALLY_RUNTIME`, else what the record says of how the agent was started.",
    "engineer_id": "As for a fire.",
    "input_tokens": "The usage that the provider answered with, less what came from the cache.",
    "cache_read_tokens": "The usage that the provider answered with.",
    "cache_write_5m_tokens": "The usage that the provider answered with; the whole, where it is not told apart.",
    "cache_write_1h_tokens": "The usage that the provider answered with.",
    "output_tokens": "The usage that the provider answered with.",
    "reasoning_tokens": "The usage that the provider answered with. A part of the output, never beside it.",
    "web_search_requests": "The usage that the provider answered with.",
    "session_id": "The agent's own id.",
    "prompt_id": "The agent's own id.",
    "repo": "As for a fire.",
    "branch": "The agent's own record, else as for a fire.",
    "skill_name": "Callers of the API, such as a runner that knows what it started. Skills of an agent program are"
    " found by session and prompt instead.",
    "service_tier": "The usage that the provider answered with. Without it the standard price holds.",
    "reported_cost_micros": "The agent's own reckoning, kept beside ours.",
    "source": "The path itself. Without it, `api`.",
}
REPORT_SOURCES = {
    "machine": "128 random bits that the laptop makes for this purpose.",
    "days": "The laptop's own books, for each day one entry an engineer: `day`, `engineer_id`, `waiting`, `stored`,"
    " `duplicate`, `refused`, `losses` by reason, and `hook_ms`, how many hooks took how long."
    " Numbers and a handle, and no more.",
    "version": "The client.",
}
NEVER = (
    "Prompts, answers and anything else that was said",
    "Commands, code, diffs and the content of files",
    "Arguments of tools and skills: only their keyed hash",
    "What a tool printed or answered, and the text of an error",
    "Paths of files outside the repository",
    "Addresses of remotes with user, password or host",
    "Environment variables, and whatever keys and tokens an agent uses",
)
STEP_SOURCES = {
    "phase": "Whoever runs the work, as the other fields of a step.",
    "verdict": "A word for what led to the step; the one before stays where none is said.",
    "attempts": "Counted by the server where it is not said: one more with each step to `build`. It never falls.",
    "file_scope": "Paths within the repository; those before stay where none are said.",
    "at": "The clock of whoever reports; the server's where it is not said.",
    "agent": "Whoever runs the work; the one before stays where none is said.",
}


@dataclass(frozen=True)
class Captured:
    """Where the fields of a struct end, what one row of it is, who sets each field, and which the hook sends."""

    table: str
    row: str
    sources: Mapping[str, str]
    sent_by_hook: frozenset[str] = field(default_factory=frozenset[str])


def _sent(record: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(record["row"])


_SEEN = Seen(now="", elapsed_seconds=0.0, engineer_id="", runtime="")
_FIRE = fire(_SEEN, kind="", name="", status="", fire_key=None, session_id=None, prompt_id=None)
_FETCH = fetch(_SEEN, agent_name="", file_path="", fetch_key=None)
CAPTURED: dict[type[Struct], Captured] = {
    FireIn: Captured("skill_invocations", "A fire", FIRE_SOURCES, _sent(_FIRE)),
    FetchIn: Captured("context_fetches", "A file that an agent read", FETCH_SOURCES, _sent(_FETCH)),
    UsageIn: Captured("cost_ledger", "A metered request", USAGE_SOURCES),
    CaptureReportIn: Captured("capture_reports", "The books of a laptop", REPORT_SOURCES),
    TransitionIn: Captured("work_items", "A step of a work item", STEP_SOURCES),
}
HEAD = """# Captured fields

What the calls below take, and so all that any path of capture can store. Any other field is refused with its name. A
hook builds its rows from this list, field by field, before anything touches the disk.

What a person sets about [trust](../how-to/trust.md), and work that is [held](../how-to/holds.md), is kept as events of
the outbox and is not listed here.

Where two sightings of one fire differ, [the rules of the merge](../why/dedupe.md) decide.
"""


# What is asked or decided and captures nothing: it ends in events of the outbox, and how-to pages say in which.
DECIDED = frozenset({OverrideIn, EndIn, ScopeIn})


def taken() -> dict[str, type[Struct]]:
    """What each call that stores something takes."""
    bodies = {f"{call.method} {call.path}": call.takes for call in CALLS if call.takes is not None and not call.page}
    return {call: takes for call, takes in bodies.items() if takes not in DECIDED}


def _captured(struct: type[Struct]) -> Captured:
    told = CAPTURED.get(struct)
    if told is None or [found.name for found in shapes.fields(struct)] != list(told.sources):
        raise ValueError(f"Say in docs/_reference/captured_fields.py who sets each field of {struct.__name__}.")
    return told


def meaning(table_name: str, field_name: str) -> str:
    """What the column in which a field ends says of itself."""
    return tables.tables()[table_name].meanings[COLUMN.get(field_name, field_name)]


def _row(found: Any, told: Captured) -> list[str]:
    says = meaning(told.table, found.name)
    return [code(found.name), shapes.told(found.type), shapes.presence(found), says, told.sources[found.name]]


def _section(call: str, struct: type[Struct]) -> str:
    told = _captured(struct)
    rows = [_row(found, told) for found in shapes.fields(struct)]
    heading = f"## {told.row}: `{call}` takes `{struct.__name__}`, table `{told.table}`"
    return f"{heading}\n\n" + table(["field", "type", "presence", "meaning", "who sets it"], rows)


def _never() -> str:
    return "\n".join(f"- {what}" for what in NEVER)


def summary() -> str:
    """The README's table: each field, what it means, whether the hook of Claude Code sends it."""
    rows: list[list[str]] = []
    for struct in taken().values():
        told = _captured(struct)
        for found in shapes.fields(struct):
            sent = "yes" if found.name in told.sent_by_hook else ""
            rows.append([code(told.table), code(found.name), meaning(told.table, found.name), sent])
    captured = table(["table", "field", "what it is", "sent by the hook"], rows)
    return f"{captured}\n\nNever captured, on the laptop's disk included:\n\n{_never()}"


def page() -> str:
    sections = [_section(call, struct) for call, struct in taken().items()]
    return "\n\n".join([HEAD.strip(), *sections, "## Never captured", _never()])
