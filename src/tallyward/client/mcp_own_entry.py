"""Our own MCP server in an agent's settings: put in beside what is there, taken out without a trace.

As with the wrapper (`mcp_entries`), nothing is kept aside: what is ours is known by its name and its mark.
"""

import json
import re

from tallyward.client.mcp_places import OURS, listed, members, past_space, quoted

MARK = "tallyward.cli.main"
_TOML_OURS = re.compile(rf"(?:\A|(?<=\n))\[mcp_servers\.{OURS}\] # {OURS}\ncommand = [^\n]*\nargs = [^\n]*(?:\n|\Z)")


def add_json(text: str, command: list[str]) -> str:
    """Claude Code's settings with our own server among the user's."""
    text = remove_json(text)
    top = text.index("{")
    entry = f"{json.dumps(OURS)}: {json.dumps({'type': 'stdio', 'command': command[0], 'args': command[1:]})}"
    known = members(text, top)
    if "mcpServers" not in known:
        return _put_first(text, top, f'"mcpServers": {{{entry}}}')
    table = known["mcpServers"][0]
    # A space tells a table that was there and empty from one that we made.
    alone = not members(text, table)
    return _put_first(text, table, f" {entry}" if alone else entry)


def remove_json(text: str) -> str:
    """The same without it."""
    top = text.index("{")
    known = members(text, top)
    table = known.get("mcpServers", (0, 0))[0]
    servers = members(text, table) if table else {}
    if OURS not in servers or MARK not in text[slice(*servers[OURS])]:
        return text
    if next(iter(known)) == "mcpServers" and len(servers) == 1 and not text[table + 1 :].startswith(" "):
        return _take_first(text, top, known["mcpServers"][1])
    if next(iter(servers)) == OURS:
        return _take_first(text, table, servers[OURS][1])
    before = list(servers.values())[list(servers).index(OURS) - 1]
    return text[: before[1]] + text[servers[OURS][1] :]


def add_toml(text: str, command: list[str]) -> str:
    """Codex's settings with our own server at the end."""
    text = remove_toml(text)
    block = f"[mcp_servers.{OURS}] # {OURS}\ncommand = {quoted(command[0])}\nargs = [{listed(command[1:])}]"
    # A file that did not end its last line does not do so now, so that one can see it.
    return f"{text}\n{block}" if text and not text.endswith("\n") else f"{text}{block}\n"


def remove_toml(text: str) -> str:
    """The same without it."""
    match = _TOML_OURS.search(text)
    if match is None or MARK not in match[0]:
        return text
    start = match.start() - (0 if match[0].endswith("\n") or not match.start() else 1)
    return text[:start] + text[match.end() :]


def _put_first(text: str, at: int, member: str) -> str:
    """Put a member at the beginning of the object at `at`, in the manner of what follows."""
    first = past_space(text, at + 1)
    gap, comma = ("", "") if text[first] == "}" else (text[at + 1 : first], ",")
    return f"{text[: at + 1]}{gap}{member}{comma}{text[at + 1 :]}"


def _take_first(text: str, at: int, end: int) -> str:
    """Take away the first member of the object at `at`, which ends at `end`."""
    after = past_space(text, end)
    return text[: at + 1] + text[after + 1 if text[after] == "," else end :]
