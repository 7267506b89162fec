"""The Anthropic Messages protocol, as much of it as Claude Code needs to hear from a scripted model."""

import json
from typing import Any, cast

from tallyward import ids
from tallyward.testing.scripted_steps import SHELL, Asked, Json, Say, Stream, Usage, Use

PATH = "/v1/messages"


def asked(request: Json) -> Asked:
    """What the request says of its conversation."""
    said: list[str] = []
    results = 0
    for message in cast("list[Json]", request.get("messages", [])):
        content = message.get("content")
        blocks = cast("list[Json]", content) if isinstance(content, list) else [{"type": "text", "text": content}]
        results += sum(block.get("type") == "tool_result" for block in blocks)
        if message.get("role") == "user":
            said += [str(block.get("text", "")) for block in blocks]
    return Asked(" ".join(said), results, bool(request.get("tools")))


def message(request: Json, step: Say | Use, usage: Usage) -> Json:
    """The whole answer of one step."""
    return {
        "id": f"msg_{ids.random_hex(12)}",
        "type": "message",
        "role": "assistant",
        "model": request.get("model", "scripted"),
        "content": [_block(step)],
        "stop_reason": "tool_use" if isinstance(step, Use) else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": usage.fresh,
            "cache_creation_input_tokens": usage.cache_write,
            "cache_read_input_tokens": usage.cache_read,
            "output_tokens": usage.output,
        },
    }


def _block(step: Say | Use) -> Json:
    if isinstance(step, Say):
        return {"type": "text", "text": step.text}
    name, given = step.tool, dict(step.given)
    if name == SHELL:
        name, given = "Bash", {"description": "scripted", **given}
    return {"type": "tool_use", "id": f"toolu_{ids.random_hex(12)}", "name": name, "input": given}


def stream(message: Json) -> Stream:
    """The six events that carry an answer of one block, as the provider streams them."""
    (block,) = message["content"]
    opening: dict[str, Any]
    if block["type"] == "text":
        opening = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        opening = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    begun: Json = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    return [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": opening},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": message["stop_reason"], "stop_sequence": None},
            "usage": message["usage"],
        },
        {"type": "message_stop"},
    ]
