"""The page of every field that may be captured, and the README's table of it.

Names and limits come from the structs that refuse every other field, meanings from the comments of the columns. Only
who sets a field is written here; a field without that word stops the build.
"""

from typing import Any

from msgspec import Struct

from docs._reference import shapes, tables
from docs._reference.markdown import code, table
from tallyward.capture._base import Seen, fetch, fire
from tallyward.domain.fire import FetchIn, FireIn

# Fields that end in a column of another name.
COLUMN = {"source": "seen_by"}
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
}
FETCH_SOURCES = {
    "agent_name": "The subagent's type, else `claude-code`.",
    "file_path": "The path that a reading tool was given, if it lies inside the repository; never a file's content.",
    "repo": "`owner/name` of the git remote `origin`, without user, password and host; else the folder's name.",
    "ts": "The laptop's clock; without it, the moment in which the server got the row.",
    "fetch_key": "The agent's tool use id. Without it, a key of its own.",
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
HEAD = """# Captured fields

What `POST /v1/trace` and `POST /v1/context-fetches` take, and so all that any path of capture can store. Any other
field is refused with its name. A hook builds its rows from this list, field by field, before anything touches the disk.

Where two sightings of one fire differ, [the rules of the merge](../why/dedupe.md) decide.
"""


def meaning(table_name: str, field_name: str) -> str:
    """What the column in which a field ends says of itself."""
    return tables.tables()[table_name].meanings[COLUMN.get(field_name, field_name)]


def of_the_hook() -> tuple[set[str], set[str]]:
    """The fields that the hook of Claude Code fills, of a fire and of a fetch, asked from what builds them."""
    seen = Seen(now="", elapsed_seconds=0.0, engineer_id="", runtime="")
    made = fire(seen, kind="", name="", status="", fire_key=None, session_id=None, prompt_id=None)
    read = fetch(seen, agent_name="", file_path="", fetch_key=None)
    return _fields_of(made), _fields_of(read)


def _fields_of(record: dict[str, Any]) -> set[str]:
    return set(record["row"])


def _rows(struct: type[Struct], table_name: str, sources: dict[str, str]) -> list[list[str]]:
    fields = shapes.fields(struct)
    if [found.name for found in fields] != list(sources):
        raise ValueError(f"docs/_reference/captured_fields.py does not say who sets each field of {struct.__name__}.")
    return [
        [
            code(found.name),
            shapes.told(found.type),
            shapes.presence(found),
            meaning(table_name, found.name),
            sources[found.name],
        ]
        for found in fields
    ]


def summary() -> str:
    """The README's table: each field, what it means, whether the hook of Claude Code sends it."""
    by_fire, by_fetch = of_the_hook()
    rows = [
        [code(name), code(found.name), meaning(name, found.name), "yes" if found.name in sent else ""]
        for name, struct, sent in (("skill_invocations", FireIn, by_fire), ("context_fetches", FetchIn, by_fetch))
        for found in shapes.fields(struct)
    ]
    captured = table(["table", "field", "what it is", "sent by the hook"], rows)
    never = "\n".join(f"- {what}" for what in NEVER)
    return f"{captured}\n\nNever captured, on the laptop's disk included:\n\n{never}"


def page() -> str:
    heads = ["field", "type", "presence", "meaning", "who sets it"]
    return "\n\n".join(
        [
            HEAD.strip(),
            "## A fire: `POST /v1/trace`, table `skill_invocations`",
            table(heads, _rows(FireIn, "skill_invocations", FIRE_SOURCES)),
            "## A file that an agent read: `POST /v1/context-fetches`, table `context_fetches`",
            table(heads, _rows(FetchIn, "context_fetches", FETCH_SOURCES)),
            "## Never captured",
            "\n".join(f"- {what}" for what in NEVER),
        ]
    )
