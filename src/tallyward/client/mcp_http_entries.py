"""Claude Code's MCP servers over HTTP: our proxy in place of the address of each, and taken away again.

Claude Code runs `headersHelper` before it connects, and waits for it. So the helper is what starts the proxy, and the
server's own address stands at the end of it: nothing is kept aside, as with servers that a command starts.

    "url": "https://mcp.example/mcp"
    "url": "http://127.0.0.1:4711/mcp", "headersHelper": "python -I -S .../mcp_http.py ... -- https://mcp.example/mcp"

Only servers that take a fixed header: one that signs its users in by OAuth names its own address in doing so, and
Claude Code would refuse the proxy's.
"""

import json
import re
import shlex
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

from tallyward.client.mcp_entries import Edit, Edited, apply, tables
from tallyward.client.mcp_places import members, quoted

MARK = "tallyward/hooks/mcp_http.py"
_HELPER = re.compile(r',\s*"headersHelper"\s*:\s*\Z')

Json = dict[str, Any]
# From a server's name, address and headers, and the port that it had, to the port and the words that start the helper.
Helper = Callable[[str, str, list[str], int | None], tuple[int, list[str]]]


def wrap(text: str, helper: Helper) -> Edited:
    """The settings with the proxy before each server that is spoken to over HTTP with a header of its own."""
    ports = _ports(text)
    plain = unwrap(text).text
    done = Edited(plain)
    edits: list[Edit] = []
    for table in tables(plain):
        for name, (start, end) in members(plain, table).items():
            server: object = json.loads(plain[start:end])
            if not isinstance(server, dict) or "url" not in server:
                continue
            first, last = members(plain, start)["url"]
            if not _is_plain(cast("Json", server), plain[first:last]):
                done.over_http.append(name)
                continue
            to = str(cast("Json", server)["url"])
            port, words = helper(name, to, list(cast("Json", server)["headers"]), ports.get((name, to)))
            near = urlsplit(to)._replace(scheme="http", netloc=f"127.0.0.1:{port}").geturl()
            edits.append((first, last, f'{quoted(near)}, "headersHelper": {quoted(shlex.join(words))}'))
            done.done.append(name)
    done.text = apply(plain, edits)
    return done


def unwrap(text: str) -> Edited:
    """The same without it."""
    done = Edited(text)
    edits: list[Edit] = []
    for table in tables(text):
        for name, (start, end) in members(text, table).items():
            if MARK in text[start:end]:
                parts = members(text, start)
                first, last = parts["headersHelper"]
                begin = _HELPER.search(text, start, first)
                if begin is not None:
                    own = shlex.split(json.loads(text[first:last]))[-1]
                    edits += [(*parts["url"], quoted(own)), (begin.start(), last, "")]
                    done.done.append(name)
    done.text = apply(text, edits)
    return done


def _is_plain(server: Json, literal: str) -> bool:
    """Whether its users need not sign in, and all of it can be given back as it is written."""
    url, headers = server["url"], server.get("headers")
    return (
        server.get("type") in ("http", "streamable-http")
        and isinstance(url, str)
        and url.startswith(("https://", "http://"))
        and "$" not in url
        and "@" not in url
        and "#" not in url
        and quoted(url) == literal
        and isinstance(headers, dict)
        and bool(cast("Json", headers))
        and "oauth" not in server
        and "headersHelper" not in server
    )


def _ports(text: str) -> dict[tuple[str, str], int]:
    """The ports that are given already: open sessions know them."""
    found: dict[tuple[str, str], int] = {}
    for table in tables(text):
        for name, (start, end) in members(text, table).items():
            if MARK in text[start:end]:
                server: Json = json.loads(text[start:end])
                port = urlsplit(str(server["url"])).port
                if port:
                    found[name, shlex.split(str(server["headersHelper"]))[-1]] = port
    return found
