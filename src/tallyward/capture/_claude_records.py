"""What the records of Claude Code's transcripts mean, one at a time: a report of usage, a call and how it went.

Of what people and tools said only a few fixed phrases of the program are recognised: that a call was not made, that
somebody refused it, that a command was typed. Nothing of it is kept.
"""

import re

from tallyward.capture._base import NAME_CHARS_MAX, count, mapping, text
from tallyward.capture._transcript import Row, compact, number, objects

AGENT_TOOLS = ("Agent", "Task")
SERVICE_TIERS = ("standard", "batch", "fast", "flex", "priority")
# How the program words that it did not make a call at all, and that somebody did not want it made or stopped it.
NOT_MADE = "<tool_use_error>"
REFUSED = (
    "The user doesn't want to",
    "Claude requested permissions",
    "Permission to use",
    "Permission for this",
    "[Request interrupted by user",
)
# A result that went well, up to what the tool said, and from there on, as the program writes it since version 2.1. What
# the tool said is most of a transcript, and need not be read to know that: a quote in it is written with a backslash,
# so these words in this order can only be the record's own.
_RESULT_HEAD = re.compile(
    rb'\{"parentUuid":(?:null|"[^"\\]{1,64}"),"isSidechain":(?:true|false),"promptId":"([\w-]{1,64})",(?:"agentId":"\w{1,64}",)?'
    rb'"type":"user","message":\{"role":"user","content":\[\{"tool_use_id":"([\w-]{1,200})","type":"tool_result","content":"'
)
_RESULT_TURN = b'}]},"uuid":"'
_RESULT_TAIL = re.compile(rb'\}\]\},"uuid":"[\w-]{1,64}","timestamp":"([\w:.+-]{1,40})","toolUseResult":')
_SAYS_MORE = (b'"interrupted":true', b'"success":false', b'urationMs":', b'"usage":')
_WENT_WELL = (b'"', b'"is_error":false')
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
    hour = number(split.get("ephemeral_1h_input_tokens"))
    written = number(usage.get("cache_creation_input_tokens"))
    return compact(
        {
            "input_tokens": number(usage.get("input_tokens")),
            "cache_read_tokens": number(usage.get("cache_read_input_tokens")),
            "cache_write_5m_tokens": max(number(split.get("ephemeral_5m_input_tokens")), written - hour),
            "cache_write_1h_tokens": hour,
            "output_tokens": number(usage.get("output_tokens")),
            "reasoning_tokens": number(mapping(usage.get("output_tokens_details")).get("thinking_tokens")),
            "web_search_requests": number(mapping(usage.get("server_tool_use")).get("web_search_requests")),
        }
    )


def plain_result(raw: bytes) -> tuple[str, str, str] | None:
    """Call, prompt and moment of a result that went well and says nothing else; None where more has to be read."""
    head = _RESULT_HEAD.match(raw)
    if head is None:
        return None
    turn = raw.find(_RESULT_TURN, head.end())
    tail = _RESULT_TAIL.match(raw, turn) if turn > 0 else None
    if tail is None or not raw.endswith(_WENT_WELL, head.end(), turn):
        return None
    if raw.startswith(NOT_MADE.encode(), head.end()) or any(raw.find(mark, tail.end()) > 0 for mark in _SAYS_MORE):
        return None
    if b"}" not in raw[-3:]:
        return None  # cut off
    return head[2].decode(), head[1].decode(), tail[1].decode()


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
    return ("mcp" if tool.startswith("mcp__") else "tool"), tool


def text_of(block: Row) -> str:
    said = block.get("text")
    return said if isinstance(said, str) else ""


def outcome(block: Row, answer: Row) -> str | None:
    """How a call ended; None if it was never made."""
    content: object = block.get("content")
    said = content if isinstance(content, str) else next(map(text_of, objects(content)), "")
    if answer.get("interrupted") is True:
        return "abandoned"
    if block.get("is_error") is True:
        if said.startswith(NOT_MADE):
            return None
        return "abandoned" if said.startswith(REFUSED) else "error"
    return "error" if answer.get("success") is False else "success"


def measured(answer: Row) -> Row:
    """What a result says of itself in numbers."""
    usage = mapping(answer.get("usage"))
    return {
        "latency_ms": count(answer.get("totalDurationMs")) or count(answer.get("durationMs")),
        "model": text(answer.get("resolvedModel")),
        "input_tokens": count(usage.get("input_tokens")),
        "output_tokens": count(usage.get("output_tokens")),
    }
