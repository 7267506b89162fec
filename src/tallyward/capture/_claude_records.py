"""What the records of Claude Code's transcripts mean, one at a time: a report of usage, a call and how it went.

Of what people and tools said only a few fixed phrases of the program are recognised: that a call was not made, that
somebody refused it, that a command was typed. Nothing of it is kept.
"""

import re

from tallyward.capture._base import NAME_CHARS_MAX, count, mapping, text
from tallyward.capture._claude_tools import AGENT_TOOLS, LONG_TOOLS, MCP_PREFIX
from tallyward.capture._transcript import Row, number, objects

SERVICE_TIERS = ("standard", "batch", "fast", "flex", "priority")
# How the program words that it did not make a call at all, that somebody did not want it made or stopped it, and that
# nobody was there to allow it or a rule forbids it.
NOT_MADE = "<tool_use_error>"
STOPPED = ("The user doesn't want to", "[Request interrupted by user")
FORBIDDEN_WORDS = (
    "Claude requested permissions",
    "Permission to use",
    "Permission for this",
    "Skill execution blocked by permission rules",
)
REFUSED = (*STOPPED, *FORBIDDEN_WORDS)
FORBIDDEN = "forbidden"
_FIVE, _HOUR, _WRITTEN = "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "cache_creation_input_tokens"
_PLAIN = (
    ("input_tokens", "input_tokens"),
    ("cache_read_input_tokens", "cache_read_tokens"),
    ("output_tokens", "output_tokens"),
)
_NESTED = (
    ("output_tokens_details", "reasoning_tokens", "thinking_tokens"),
    ("server_tool_use", "web_search_requests", "web_search_requests"),
)
_COMMAND = re.compile(
    r"\s*(?:<command-message>[^<]*</command-message>\s*)?<command-name>/?([^<>\s]{1,300})</command-name>"
)


def typed_command(said: str) -> str | None:
    """The command that a prompt is, if it is one."""
    found = _COMMAND.match(said)
    return found[1] if found else None


def usage_counts(usage: Row) -> Row:
    """The counts of one report that are not nothing. A split of the cache writes that leaves some out is completed."""
    split = mapping(usage.get("cache_creation"))
    five, hour, whole = number(split.get(_FIVE)), number(split.get(_HOUR)), number(usage.get(_WRITTEN))
    counts = {name: count for field, name in _PLAIN if (count := number(usage.get(field)))}
    if five or whole > hour:
        counts["cache_write_5m_tokens"] = max(five, whole - hour)
    if hour:
        counts["cache_write_1h_tokens"] = hour
    for field, name, part in _NESTED:
        if field in usage:
            count = number(mapping(usage[field]).get(part))
            if count:
                counts[name] = count
    return counts


def service_tier(usage: Row) -> str | None:
    """How the request was served, where the program says it in a word that prices know."""
    tier = "fast" if usage.get("speed") == "fast" else usage.get("service_tier")
    return tier if tier in SERVICE_TIERS else None


def named(tool: str, given: Row) -> tuple[str, str]:
    """Kind and name of what a call really is, as the hooks name it."""
    if tool == "Skill":
        return "skill", text(given.get("skill"), NAME_CHARS_MAX) or tool
    if tool in AGENT_TOOLS:
        return "agent", text(given.get("subagent_type"), NAME_CHARS_MAX) or "general-purpose"
    return ("mcp" if tool.startswith(MCP_PREFIX) else "tool"), tool


def text_of(block: Row) -> str:
    said = block.get("text")
    return said if isinstance(said, str) else ""


def outcome(block: Row, answer: Row) -> str | None:
    """How a call ended; None if it was never made, and FORBIDDEN if it was to be and nobody was there to allow it."""
    content: object = block.get("content")
    said = content if isinstance(content, str) else next(map(text_of, objects(content)), "")
    if answer.get("interrupted") is True:
        return "abandoned"
    if block.get("is_error") is True:
        if said.startswith(NOT_MADE):
            return None
        if said.startswith(FORBIDDEN_WORDS):
            return FORBIDDEN
        return "abandoned" if said.startswith(STOPPED) else "error"
    return "error" if answer.get("success") is False else "success"


def without_permission(row: Row) -> str | None:
    """What a call is that a rule forbade, or that nobody was there to allow: abandoned, if a hook told that it began.

    A quick tool is told of when it has run, so one that was kept from running is no fire, live or here.
    """
    return "abandoned" if row["kind"] != "tool" or row["skill_name"] in LONG_TOOLS else None


def measured(answer: Row) -> Row:
    """What a result says of itself in numbers. An agent that used tools tells the usage of its last request alone."""
    usage = {} if count(answer.get("totalToolUseCount")) else mapping(answer.get("usage"))
    return {
        "latency_ms": count(answer.get("totalDurationMs")) or count(answer.get("durationMs")),
        "model": text(answer.get("resolvedModel")),
        "input_tokens": count(usage.get("input_tokens")),
        "output_tokens": count(usage.get("output_tokens")),
    }
