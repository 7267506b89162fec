"""The OpenAI Responses protocol, as much of it as Codex needs to hear from a scripted model.

Codex offers its tools under names that depend on its version and on the model: some stand in a namespace, some take
plain text, and with its newest models all of them are functions of a program that the one tool `exec` runs. A script
names a tool once; here it is looked up in what the request offers.
"""

import json
from collections.abc import Mapping
from typing import Any, cast

from tallyward import ids
from tallyward.testing.scripted_steps import SHELL, Answer, Asked, Json, Say, Stream, Together, Usage, Use

PATH = "/v1/responses"
# What Codex has called its shell, newest first, and the argument that holds the command.
SHELLS = {"exec_command": "cmd", "shell_command": "command"}
PROGRAM = "exec"  # runs JavaScript, in which every other tool is `tools.NAME`


def asked(request: Json) -> Asked:
    """What the request says of its conversation."""
    said: list[str] = []
    results = 0
    for item in _objects(request.get("input")):
        results += str(item.get("type", "")).endswith("call_output")
        if item.get("role") == "user":
            said += [str(part.get("text", "")) for part in _objects(item.get("content"))]
    return Asked(" ".join(said), results, bool(_offered(request)))


def _objects(value: object) -> list[Json]:
    """The objects of a list; a text alone stands for itself."""
    if isinstance(value, str):
        return [{"text": value}]
    return [cast("Json", each) for each in cast("list[object]", value or []) if isinstance(each, dict)]


def _offered(request: Json) -> list[Json]:
    """The tools of the request, those in a namespace with its name."""
    items = [item for item in _objects(request.get("input")) if item.get("type") == "additional_tools"]
    given = [*_objects(request.get("tools")), *(tool for item in items for tool in _objects(item.get("tools")))]
    plain = [tool for tool in given if tool.get("type") != "namespace"]
    spaces = [tool for tool in given if tool.get("type") == "namespace"]
    return plain + [{**tool, "namespace": space["name"]} for space in spaces for tool in _objects(space.get("tools"))]


def stream(request: Json, step: Answer, usage: Usage) -> Stream:
    """The events of one answer."""
    offered, asked = _offered(request), step.uses if isinstance(step, Together) else [step]
    items = [_said(each.text) if isinstance(each, Say) else _call(offered, each) for each in asked]
    begun: Json = {"id": f"resp_{ids.random_hex(12)}", "object": "response", "model": request.get("model")}
    done: Json = {**begun, "status": "completed", "output": items, "usage": _usage(usage)}
    return [
        {"type": "response.created", "response": {**begun, "status": "in_progress", "output": []}},
        *(
            {"type": f"response.output_item.{what}", "output_index": index, "item": item}
            for index, item in enumerate(items)
            for what in ("added", "done")
        ),
        {"type": "response.completed", "response": done},
    ]


def _usage(usage: Usage) -> Json:
    given = usage.fresh + usage.cache_write + usage.cache_write_hour + usage.cache_read
    details = {"cached_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write + usage.cache_write_hour}
    return {
        "input_tokens": given,
        "input_tokens_details": details,
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": given + usage.output,
    }


def _said(text: str) -> Json:
    content: list[Json] = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "type": "message",
        "id": f"msg_{ids.random_hex(12)}",
        "role": "assistant",
        "status": "completed",
        "content": content,
    }


def _call(offered: list[Json], step: Use) -> Json:
    found = {_full_name(tool): tool for tool in offered}
    name, given = step.tool, dict(step.given)
    if name == SHELL:
        name = next((shell for shell in SHELLS if shell in found or PROGRAM in found), "shell_command")
        given = {SHELLS[name]: given["command"]}
    if name not in found and PROGRAM in found:
        name, given = PROGRAM, {"program": f"text(JSON.stringify(await tools.{name}({json.dumps(_argument(given))})))"}
    tool = found.get(name, {"name": name})
    common: Json = {"call_id": f"call_{ids.random_hex(12)}", "status": "completed", "name": tool["name"]}
    if tool.get("namespace") and _full_name(tool) != tool["name"]:
        common["namespace"] = tool["namespace"]
    if tool.get("type") == "custom":
        return {"type": "custom_tool_call", "id": f"ctc_{ids.random_hex(12)}", **common, "input": _argument(given)}
    return {"type": "function_call", "id": f"fc_{ids.random_hex(12)}", **common, "arguments": json.dumps(given)}


def _full_name(tool: Json) -> str:
    """The name that a script calls a tool by: `server__tool` in a namespace, but for the one of all functions."""
    space = tool.get("namespace")
    return f"{space}__{tool['name']}" if space and space != "functions" else str(tool.get("name"))


def _argument(given: Mapping[str, Any]) -> Any:
    """What a tool of plain text gets: a text that stands alone; for any other tool, all of its arguments."""
    only = list(given.values())
    return only[0] if len(only) == 1 and set(given) <= {"input", "program"} else dict(given)
