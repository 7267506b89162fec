"""A proxy in place of an address: only where it is safe, and every byte comes back."""

import json
import shlex

import pytest

from tallyward.client import mcp_http_entries

KEYED = {"type": "http", "url": "https://mcp.example/a?b=1", "headers": {"Authorization": "canary-key"}, "timeout": 5}


def helper(name: str, to: str, headers: list[str], port: int | None) -> tuple[int, list[str]]:
    words = ["--server-name", name, "--headers", " ".join(headers), "--", to]
    return port or 4711, ["python", f"/x/{mcp_http_entries.MARK}", *words]


def settings(server: object, **options: object) -> str:
    return json.dumps({"mcpServers": {"it's": server}, "projects": {"/x": {"mcpServers": {"it's": server}}}}, **options)


@pytest.mark.parametrize("indent", [None, 2])
def test_address_and_helper_go_in_and_every_byte_comes_back(indent):
    text = settings(KEYED, indent=indent)
    wrapped = mcp_http_entries.wrap(text, helper)
    assert wrapped.done == ["it's", "it's"]
    server = json.loads(wrapped.text)["mcpServers"]["it's"]
    assert (server["url"], server["headers"]) == ("http://127.0.0.1:4711/a?b=1", KEYED["headers"])
    words = shlex.split(server["headersHelper"])
    assert words[2:] == ["--server-name", "it's", "--headers", "Authorization", "--", KEYED["url"]]
    assert mcp_http_entries.unwrap(wrapped.text).text == text
    anew = json.dumps(json.loads(wrapped.text), indent=4)
    assert mcp_http_entries.unwrap(anew).text == settings(KEYED, indent=4), "after the agent wrote the file anew"


def test_a_port_that_open_sessions_know_is_kept():
    text = mcp_http_entries.wrap(settings(KEYED), lambda *given: (5822, helper(*given)[1])).text
    assert mcp_http_entries.wrap(text, helper).text == text


@pytest.mark.parametrize(
    "change",
    [
        {"headers": {}},
        {"headers": None},
        {"oauth": {"clientId": "x"}},
        {"headersHelper": "mine"},
        {"type": "sse"},
        {"type": None},
        {"url": "https://${HOST}/mcp"},
        {"url": "https://user:word@mcp.example/"},
        {"url": "ftp://mcp.example/"},
        {"url": 7},
    ],
    ids=str,
)
def test_what_signs_its_users_in_or_is_written_otherwise_is_left(change):
    text = settings({**KEYED, **change})
    done = mcp_http_entries.wrap(text, helper)
    assert (done.text, done.done, done.over_http) == (text, [], ["it's", "it's"])


def test_a_server_that_a_command_starts_is_none_of_these():
    text = settings({"command": "npx", "args": ["x"]})
    done = mcp_http_entries.wrap(text, helper)
    assert (done.text, done.over_http) == (text, [])
