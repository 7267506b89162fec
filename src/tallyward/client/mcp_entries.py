"""MCP servers in an agent's own settings: the wrapper put before the command of each, and taken away again.

Nothing is kept aside. An agent writes these files all the time, with prompts and keys of its user in them, so a copy
of ours would be both stale and a leak. Instead each edit can be undone from what it left: a wrapped server's arguments
begin with ours, then comes its own command, as it was written, then its own arguments. Taking ours away gives back the
very bytes that were there, and is as right after the agent has written the file anew.

    "command": "npx",    "args": ["-y", "x"]
    "command": "python", "args": ["-I", "-S", ".../mcp_wrap.py", "--server-name", "x", "--", "npx", "-y", "x"]

Texts in, texts out; which files they are is the caller's business.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from tallyward.client.mcp_places import OURS, Span, listed, members, past_space, quoted

MARK = "tallyward/hooks/mcp_wrap.py"
BARE = "--bare"  # among the wrapper's own words: the server had no `args` at all
_STRING = r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\''
_ITEM = re.compile(rf"\s*({_STRING})(?:\s*,)?")
_TOML_COMMAND = re.compile(rf"^[ \t]*command[ \t]*=[ \t]*({_STRING})", re.MULTILINE)
_TOML_ARGS = re.compile(r"^[ \t]*args[ \t]*=[ \t]*\[", re.MULTILINE)
_TOML_HEADER = re.compile(r"^[ \t]*\[[^\n]*$", re.MULTILINE)

Json = dict[str, Any]
Wrapper = Callable[[str], list[str]]  # from a server's name to the words that start the wrapper, `--` the last
Edit = tuple[int, int, str]


@dataclass(frozen=True)
class Entry:
    """A server that is started by a command, and where that stands in the text."""

    name: str
    command: Span
    args: int | None  # right behind the bracket that opens them


@dataclass
class Edited:
    """A text after an edit, and what became of the servers in it."""

    text: str
    done: list[str] = field(default_factory=list[str])
    over_http: list[str] = field(default_factory=list[str])
    left: list[str] = field(default_factory=list[str])


def wrap_json(text: str, wrapper: Wrapper) -> Edited:
    """Claude Code's settings with the wrapper before each server, of the user and of each project."""
    json.loads(text)  # what is broken anywhere is not touched at all
    plain = unwrap_json(text).text
    done = Edited(plain)
    edits: list[Edit] = []
    for table in tables(plain):
        for name, (start, end) in members(plain, table).items():
            server: object = json.loads(plain[start:end])
            if not isinstance(server, dict) or name == OURS:
                continue
            parts = cast("Json", server)
            if "url" in parts:
                done.over_http.append(name)
            elif not isinstance(parts.get("command"), str) or not _all_text(parts.get("args", [])):
                done.left.append(name)
            else:
                edits += _wrapped(plain, _entry(plain, name, start), wrapper(name), ', "args": ')
                done.done.append(name)
    done.text = apply(plain, edits)
    return done


def unwrap_json(text: str) -> Edited:
    """The same without it."""
    done = Edited(text)
    edits: list[Edit] = []
    for table in tables(text):
        for name, (start, end) in members(text, table).items():
            if MARK in text[start:end] and (undone := _unwrapped(text, _entry(text, name, start))):
                edits += undone
                done.done.append(name)
    done.text = apply(text, edits)
    return done


def wrap_toml(text: str, wrapper: Wrapper) -> Edited:
    """Codex's settings with the wrapper before each server. One that is written otherwise is left, and told of."""
    done = Edited(unwrap_toml(text).text)
    known: Json = tomllib.loads(done.text).get("mcp_servers", {})
    for name, server in known.items():
        if name == OURS or not isinstance(server, dict):
            continue
        parts = cast("Json", server)
        if "url" in parts:
            done.over_http.append(name)
            continue
        words = wrapper(name)
        wanted = {**parts, "command": words[0], "args": [*words[1:], parts.get("command"), *parts.get("args", [])]}
        entry = _toml_entries(done.text).get(name)
        if entry is None:
            done.left.append(name)
            continue
        if entry.args is None:
            wanted["args"] = [*_barely(words)[1:], parts.get("command")]
        after = apply(done.text, _wrapped(done.text, entry, words, "\nargs = "))
        if _servers(after) == {**known, **_servers(done.text), name: wanted}:
            done.text = after
            done.done.append(name)
        else:
            done.left.append(name)
    return done


def unwrap_toml(text: str) -> Edited:
    """The same without it."""
    done = Edited(text)
    edits: list[Edit] = []
    for name, entry in _toml_entries(text).items():
        if undone := _unwrapped(text, entry):
            edits += undone
            done.done.append(name)
    done.text = apply(text, edits)
    return done


def tables(text: str) -> Iterator[int]:
    """Where the tables of servers begin: the user's own, and those of each project."""
    known = members(text, text.index("{"))
    holders = [known]
    if "projects" in known and text[known["projects"][0]] == "{":
        projects = members(text, known["projects"][0]).values()
        holders += [members(text, start) for start, _ in projects if text[start] == "{"]
    for holder in holders:
        start = holder.get("mcpServers", (0, 0))[0]
        if start and text[start] == "{":
            yield start


def _entry(text: str, name: str, at: int) -> Entry:
    parts = members(text, at)
    return Entry(name, parts["command"], parts["args"][0] + 1 if "args" in parts else None)


def _toml_entries(text: str) -> dict[str, Entry]:
    """The servers that have a table of their own, with a command in one line."""
    found: dict[str, Entry] = {}
    headers = [match for match in _TOML_HEADER.finditer(text) if _table_name(match[0])]
    for header in headers:
        following = _TOML_HEADER.search(text, header.end())
        end = following.start() if following else len(text)
        command = _TOML_COMMAND.search(text, header.end(), end)
        args = _TOML_ARGS.search(text, header.end(), end)
        if command:
            name = cast("str", _table_name(header[0]))
            found[name] = Entry(name, command.span(1), args.end() if args else None)
    return found


def _table_name(header: str) -> str | None:
    """Which server a header begins, if it is one's own table."""
    try:
        servers: object = tomllib.loads(header).get("mcp_servers")
    except tomllib.TOMLDecodeError:
        return None
    if not isinstance(servers, dict) or len(cast("Json", servers)) != 1:
        return None
    ((name, inner),) = cast("Json", servers).items()
    return name if inner == {} else None


def _servers(text: str) -> Json:
    try:
        return tomllib.loads(text).get("mcp_servers", {})
    except tomllib.TOMLDecodeError:
        return {}


def _wrapped(text: str, entry: Entry, words: list[str], args: str) -> list[Edit]:
    start, end = entry.command
    own = text[start:end]
    if entry.args is None:
        return [(start, end, f"{quoted(words[0])}{args}[{listed(_barely(words)[1:])}, {own}]")]
    first = past_space(text, entry.args)
    comma = "" if text[first] == "]" else ","
    return [(start, end, quoted(words[0])), (entry.args, entry.args, f"{listed(words[1:])}, {own}{comma}")]


def _barely(words: list[str]) -> list[str]:
    at = words.index("--server-name")
    return [*words[:at], BARE, *words[at:]]


def _unwrapped(text: str, entry: Entry) -> list[Edit]:
    """The edits that give a server its own command back; none if it is not wrapped."""
    begin = at = entry.args
    words: list[str] = []
    while begin is not None and at is not None and (match := _ITEM.match(text, at)):
        words.append(json.loads(match[1]) if match[1].startswith('"') else match[1][1:-1])
        at = match.end()
        if words[-2:-1] == ["--"]:
            start, end = entry.command
            if not any(word.endswith(MARK) for word in words):
                return []
            if BARE in words[: words.index("--server-name")]:
                return [(start, text.index("]", at) + 1, match[1])]
            return [(start, end, match[1]), (begin, at, "")]
    return []


def apply(text: str, edits: list[Edit]) -> str:
    """The text after edits that do not overlap."""
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _all_text(args: object) -> bool:
    return isinstance(args, list) and all(isinstance(arg, str) for arg in cast("list[object]", args))
