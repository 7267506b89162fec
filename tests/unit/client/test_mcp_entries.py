"""MCP servers in agents' settings: wrapped and given back byte for byte, however they are written."""

import json
import tomllib

import pytest

from tallyward.client import mcp_entries, mcp_own_entry
from tallyward.client.mcp_entries import BARE, MARK

SCRIPT = f"/opt/{MARK}"
OURS = ["/opt/python", "-c", "from tallyward.cli.main import main; main()", "mcp"]


def wrapper(name: str) -> list[str]:
    return ["/opt/python", "-I", "-S", SCRIPT, "--server-name", name, "--"]


COMPACT = '{"numStartups":3,"mcpServers":{"a":{"command":"npx","args":["-y","é\\n"],"env":{"KEY":"secret"}}}}'
WIDE = """{
  "projects": {
    "/home/ann/widget": {
      "history": ["a \\"mcpServers\\": { in a prompt"],
      "mcpServers": {
        "b": { "type": "stdio", "args": [ ], "command": "run \\"it\\"" },
        "c": { "command": "bare" }, "d":{"type":"http","url":"https://x"}
      }
    },
    "/other": {"mcpServers": {}}
  },
  "mcpServers" : {
    "a":
      {"args": [
          "one",
          "two"
       ], "command": "npx"}
  }
}
"""
JSONS = [
    COMPACT,
    WIDE,
    "{}",
    "{\n}\n",
    '{"mcpServers":{}}',
    '{"mcpServers": {}, "a": 1}',
    '{"a": 1,\n "mcpServers": {}}',
]
TOML = """# mine
model = "gpt"   # odd   spaces

[mcp_servers.plain]
command = 'npx' # literal
args = ["-y", 'x']
env = { KEY = "secret" }

  [mcp_servers."with.dot"]
  args = [
    # first
    "one",
  ]
  command = "run"
[mcp_servers.bare]
command = "alone" # it is
[mcp_servers.bare.env]
command = "not this"
[mcp_servers.empty]
command = "e"
args = []
[mcp_servers.web]
url = "https://x"
[mcp_servers]
inline = { command = "x", args = ["y"] }
[tools]
command = "nor this\""""


def started(server: dict) -> list[str]:
    return [server["command"], *server.get("args", [])]


def wrapped(name: str, *command: str, bare: bool = False) -> list[str]:
    words = wrapper(name)
    return [*words[:4], *([BARE] if bare else []), *words[4:], *command]


@pytest.mark.parametrize("text", JSONS)
def test_claudes_settings_come_back_byte_for_byte(text):
    done = mcp_entries.wrap_json(text, wrapper)
    assert mcp_entries.unwrap_json(done.text).text == text
    both = mcp_own_entry.add_json(done.text, OURS)
    assert started(json.loads(both)["mcpServers"]["tallyward"]) == OURS
    assert mcp_entries.unwrap_json(mcp_own_entry.remove_json(both)).text == text
    assert mcp_own_entry.remove_json(mcp_entries.unwrap_json(both).text) == text


def test_claudes_servers_of_the_user_and_of_projects_are_wrapped_and_nothing_else_changes():
    done = mcp_entries.wrap_json(WIDE, wrapper)
    assert (done.done, done.over_http, done.left) == (["a", "b", "c"], ["d"], [])
    now, before = json.loads(done.text), json.loads(WIDE)
    assert started(now["mcpServers"]["a"]) == wrapped("a", "npx", "one", "two")
    of_project = now["projects"]["/home/ann/widget"]
    assert started(of_project["mcpServers"]["b"]) == wrapped("b", 'run "it"')
    assert started(of_project["mcpServers"]["c"]) == wrapped("c", "bare", bare=True)
    assert of_project["history"] == before["projects"]["/home/ann/widget"]["history"]


@pytest.mark.parametrize("text", JSONS)
def test_after_claude_has_written_the_file_anew_its_servers_are_as_before(text):
    both = mcp_own_entry.add_json(mcp_entries.wrap_json(text, wrapper).text, OURS)
    anew = json.dumps(json.loads(both), indent=2, ensure_ascii=False)
    back = json.loads(mcp_own_entry.remove_json(mcp_entries.unwrap_json(anew).text))
    before = json.loads(text)
    assert {"mcpServers": {}, **back} == {"mcpServers": {}, **before}


@pytest.mark.parametrize("wrap", [mcp_entries.wrap_json, mcp_entries.wrap_toml])
def test_wrapping_twice_is_wrapping_once_and_renews_what_is_old(wrap):
    text = WIDE if wrap is mcp_entries.wrap_json else TOML
    old = wrap(text, lambda name: ["/old/python", "-I", "-S", f"/old/{MARK}", "--server-name", name, "--"])
    once = wrap(text, wrapper)
    assert once.text != old.text
    assert wrap(old.text, wrapper) == once
    assert wrap(once.text, wrapper) == once


def test_a_server_of_claude_in_an_unknown_form_is_left_and_told_of():
    text = '{"mcpServers": {"a": {"command": 1}, "b": {"command": "x", "args": [1]}, "c": "?"}}'
    done = mcp_entries.wrap_json(text, wrapper)
    assert (done.text, done.left) == (text, ["a", "b"])


@pytest.mark.parametrize("text", [TOML, "", "a = 1", "a = 1\n", '[mcp_servers.x]\ncommand = "y"'])
def test_codexs_settings_come_back_byte_for_byte(text):
    done = mcp_entries.wrap_toml(text, wrapper)
    assert mcp_entries.unwrap_toml(done.text).text == text
    both = mcp_own_entry.add_toml(done.text, OURS)
    assert started(tomllib.loads(both)["mcp_servers"]["tallyward"]) == OURS
    assert mcp_own_entry.remove_toml(mcp_entries.unwrap_toml(both).text) == text
    assert mcp_own_entry.add_toml(both, OURS) == both


def test_codexs_servers_are_wrapped_where_they_stand_in_tables_and_the_others_are_told_of():
    done = mcp_entries.wrap_toml(TOML, wrapper)
    assert (done.done, done.over_http, done.left) == (["plain", "with.dot", "bare", "empty"], ["web"], ["inline"])
    now = tomllib.loads(done.text)["mcp_servers"]
    assert started(now["plain"]) == wrapped("plain", "npx", "-y", "x")
    assert started(now["with.dot"]) == wrapped("with.dot", "run", "one")
    assert started(now["bare"]) == wrapped("bare", "alone", bare=True)
    assert started(now["empty"]) == wrapped("empty", "e")
    assert now["inline"] == {"command": "x", "args": ["y"]}
    assert now["bare"]["env"] == {"command": "not this"}
