"""The Anthropic Messages protocol, as much of it as Claude Code needs to hear from a scripted model."""

import json
from typing import Any, cast

from tallyward import ids
from tallyward.testing.scripted_steps import SHELL, Answer, Asked, Json, Say, Stream, Together, Usage, Use

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


def message(request: Json, step: Answer, usage: Usage) -> Json:
    """The whole answer of one step."""
    blocks = step.uses if isinstance(step, Together) else [step]
    return {
        "id": f"msg_{ids.random_hex(12)}",
        "type": "message",
        "role": "assistant",
        "model": request.get("model", "scripted"),
        "content": [_block(block) for block in blocks],
        "stop_reason": "end_turn" if isinstance(step, Say) else "tool_use",
        "stop_sequence": None,
        "usage": _usage(usage),
    }


def _usage(usage: Usage) -> Json:
    split = {"ephemeral_5m_input_tokens": usage.cache_write, "ephemeral_1h_input_tokens": usage.cache_write_hour}
    return {
        "input_tokens": usage.fresh,
        "cache_creation_input_tokens": usage.cache_write + usage.cache_write_hour,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": split,
        "output_tokens": usage.output,
        **({"output_tokens_details": {"thinking_tokens": usage.reasoning}} if usage.reasoning else {}),
    }


def _block(step: Say | Use) -> Json:
    if isinstance(step, Say):
        return {"type": "text", "text": step.text}
    name, given = step.tool, dict(step.given)
    if name == SHELL:
        name, given = "Bash", {"description": "scripted", **given}
    return {"type": "tool_use", "id": f"toolu_{ids.random_hex(12)}", "name": name, "input": given}


def stream(message: Json) -> Stream:
    """The events that carry an answer, block by block, as the provider streams them."""
    begun: Json = {**message, "content": [], "stop_reason": None, "usage": {**message["usage"], "output_tokens": 1}}
    ended: Json = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    return [
        {"type": "message_start", "message": begun},
        *(event for index, block in enumerate(message["content"]) for event in _streamed(index, block)),
        {"type": "message_delta", "delta": ended, "usage": message["usage"]},
        {"type": "message_stop"},
    ]


def _streamed(index: int, block: Json) -> Stream:
    opening: dict[str, Any]
    if block["type"] == "text":
        opening = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        opening = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    return [
        {"type": "content_block_start", "index": index, "content_block": opening},
        {"type": "content_block_delta", "index": index, "delta": delta},
        {"type": "content_block_stop", "index": index},
    ]
