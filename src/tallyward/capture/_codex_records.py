"""What the records of Codex's rollouts mean, one at a time: a sum of tokens, a call and how it went.

Of arguments only the name of a skill that is read and the kind of an agent are looked for, of output only its head, for
an exit code and a few fixed phrases of the program.
"""

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from tallyward.capture._base import HANDLE_CHARS_MAX, NAME_CHARS_MAX, count, mapping, text
from tallyward.capture._codex_skills import is_name
from tallyward.capture._transcript import Row, compact, number, objects

UUID_VERSION_IN_ORDER = 7  # the identifiers of this version begin with the moment they were made at
_FIELDS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)
# Records that tell nothing about work, by their type and by that of their payload.
SILENT_TYPES = frozenset({"compacted", "world_state", "ghost_snapshot", "turn_context", "session_meta"})
SILENT_EVENTS = frozenset({
    "agent_message", "agent_reasoning", "agent_reasoning_raw_content", "agent_reasoning_section_break",
    "context_compacted", "thread_name_updated", "thread_rolled_back", "thread_settings_applied", "user_message",
    "view_image_tool_call", "web_search_end", "entered_review_mode", "exited_review_mode", "undo_completed", "warning",
})  # fmt: skip
SILENT_ITEMS = frozenset({
    "reasoning", "web_search_call", "image_generation_call", "compaction", "ghost_snapshot", "other",
})  # fmt: skip
OUTPUT_HEAD_CHARS = 400  # an exit code stands before the output
SHELLS = frozenset({"shell", "shell_command", "exec_command", "local_shell", "container.exec", "unified_exec"})
SPAWNING, PATCHING, VIEWING = "spawn_agent", "apply_patch", "view_image"
TYPED_SKILL = "skills.selected_skill_instructions"
_EXIT_CODE = re.compile(r"(?:[Ee]xited with code|Exit code:?)\s+(-?\d+)")


def session(meta: Row) -> Row:
    """What a session's own record says of the thread: which one it is, and whether others began it."""
    source: object = meta.get("source")
    forked = bool(meta.get("forked_from_id") or meta.get("parent_thread_id") or isinstance(source, dict))
    return {
        "thread": text(meta.get("id"), HANDLE_CHARS_MAX),
        "parent": text(meta.get("forked_from_id"), HANDLE_CHARS_MAX),
        # A history that is kept in the parent's file has no copies in this one.
        "own": not forked or "history_base" in meta,
        "forked": forked,
        "own_from": meta.get("subagent_history_start_ordinal"),
        "subagent": "subagent" in mapping(meta.get("source")),
    }


def arguments(item: Row) -> Row:
    """What a call was given, as an object."""
    if item.get("type") == "local_shell_call":
        return mapping(item.get("action"))
    given = item.get("arguments", item.get("input"))
    if isinstance(given, str):
        with suppress(ValueError, RecursionError):
            given = json.loads(given)
    return mapping(given)


def named(tool: str, namespace: str, given: Row) -> tuple[str, str]:
    """Kind and name of what a call really is, as the hooks name it."""
    if namespace.startswith("mcp__"):
        tool = f"{namespace}__{tool}"
    if tool.startswith("mcp__"):
        return "mcp", tool[:NAME_CHARS_MAX]
    if tool == SPAWNING:
        return "agent", text(given.get("agent_type"), NAME_CHARS_MAX) or "default"
    return "tool", "Bash" if tool in SHELLS else tool


def is_program(tool: str, item: Row, given: Row) -> bool:
    """Whether a call only runs a program of the model, or waits for one: the calls that it makes are told of apart."""
    return (tool == "exec" and item.get("type") == "custom_tool_call") or (tool == "wait" and "cell_id" in given)


def called(item: Row) -> tuple[str, str] | None:
    """Kind and name of a completed call, from what the program says of it; None where it is no call."""
    kind = item.get("type")
    if kind == "McpToolCall":
        server, tool = text(item.get("server")), text(item.get("tool"))
        return named(f"mcp__{server}__{tool}", "", {}) if server and tool else None
    if kind == "CollabAgentToolCall":
        return named(text(item.get("tool")) or SPAWNING, "", {})
    return {"CommandExecution": ("tool", "Bash"), "FileChange": ("tool", PATCHING)}.get(str(kind))


def skills_typed(message: Row, turn: object) -> list[str]:
    """The skills that a person named in the turn: their instructions are put into the conversation."""
    about = mapping(message.get("internal_chat_message_metadata_passthrough"))
    kinds: object = about.get("content_item_kinds")
    if not isinstance(kinds, list) or TYPED_SKILL not in kinds or about.get("turn_id") != turn:
        return []
    heads = [part.get("text") for part in objects(message.get("content"))]
    said = [head for head in heads if isinstance(head, str) and head.startswith("<skill>")]
    return [name for name in (head.partition("<name>")[2].partition("</name>")[0] for head in said) if is_name(name)]


def verdict(told: Row, item: Row) -> Row:
    """What the program says of a call beside its output: that it failed, that nobody wanted it, how long it took."""
    result, code = mapping(item.get("result")), item.get("exit_code")
    said: Row = {"latency_ms": _duration_ms(told, item)}
    if item.get("type") == "FileChange":
        said["skill_name"] = PATCHING  # also where a shell command held the patch
    if item.get("status") == "declined" or (isinstance(code, int) and code < 0):
        said["status"] = "abandoned"
    elif (
        item.get("status") == "failed"
        or code not in (None, 0)
        or item.get("success") is False
        or "Err" in result
        or mapping(result.get("Ok")).get("isError") is True
        or result.get("isError") is True
    ):
        said["status"] = "error"
    return compact(said)


def _duration_ms(told: Row, item: Row) -> int | None:
    taken = mapping(item.get("duration"))
    if "secs" in taken and "nanos" in taken:
        return number(taken["secs"]) * 1000 + number(taken["nanos"]) // 1_000_000
    begun, ended = told.get("started_at_ms"), told.get("completed_at_ms")
    return count(ended - begun) if isinstance(begun, int) and isinstance(ended, int) else None


def outcome(output: object, asked: Row | None = None) -> str | None:
    """How a call ended by its output; None if it was never made. Of the output only its head is looked at."""
    if isinstance(output, str) and asked is not None and asked["skill_name"] == VIEWING:
        return "error"  # an image is no text
    if isinstance(output, str) and output.startswith("{"):
        with suppress(ValueError, RecursionError):
            output = json.loads(output)
    told = mapping(output)
    if told:
        code = mapping(told.get("metadata")).get("exit_code")
        return "error" if code not in (None, 0) or told.get("success") is False else "success"
    parts = [part.get("text") for part in objects(output)]
    head = next((part for part in [output, *parts] if isinstance(part, str)), "")[:OUTPUT_HEAD_CHARS]
    if head.startswith(("unsupported call", "unsupported custom tool call")):
        return None
    if head.startswith("aborted") or "aborted by user" in head:
        return "abandoned"
    exited = _EXIT_CODE.search(head)
    code = int(exited[1]) if exited else 0
    return "success" if code == 0 else "abandoned" if code < 0 else "error"


def totals(lines: Iterable[bytes]) -> set[int]:
    """Every sum of tokens that a rollout tells of, to know it again in a fork."""
    found: set[int] = set()
    for raw in lines:
        with suppress(ValueError, RecursionError):
            payload = mapping(mapping(json.loads(raw)).get("payload"))
            found.add(sum_of(mapping(mapping(payload.get("info")).get("total_token_usage")))["total"])
    return found - {0}


def sum_of(told: Row) -> Row:
    """The parts of a sum of tokens, and the whole."""
    parts = {field: number(told.get(field)) for field in _FIELDS}
    return {**parts, "total": number(told.get("total_tokens")) or parts["input_tokens"] + parts["output_tokens"]}


def minus(one: Row, other: Row) -> Row:
    return {field: max(0, value - other.get(field, 0)) for field, value in one.items()}


def made_at(name: object) -> int | None:
    """When an identifier was made, in milliseconds; None for one that does not say."""
    try:
        found = UUID(str(name))
    except ValueError:
        return None
    return found.int >> 80 if found.version == UUID_VERSION_IN_ORDER else None
