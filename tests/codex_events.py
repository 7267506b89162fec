"""Events as Codex 0.169.0 sends them to a hook, and records as it writes them to a rollout, all content marked."""

import json
from typing import Any

from tallyward.capture._base import Transcript

MARKER = "canary-7f3a9"  # whatever carries it may never reach a record
SESSION, TURN, CALL = "01a1fd2e-ee43-session", "01a1fd2e-ee56-turn", "call_80b81917"
AGENT, AGENT_TURN = "01a1fd33-1a42-agent", "01a1fd33-1a4d-turn"
SKILL_FILE = "/home/ann/widget/.agents/skills/probe-echo/SKILL.md"

PATCH = f"*** Begin Patch\n*** Add File: {MARKER}\n+{MARKER}\n*** End Patch\n"

Json = dict[str, Any]


def event(name: str, **fields: Any) -> Json:
    """The fields that every event has, and those of this one."""
    return {
        "session_id": SESSION,
        "turn_id": TURN,
        "transcript_path": f"/home/ann/.codex/sessions/{MARKER}.jsonl",
        "cwd": "/home/ann/widget",
        "hook_event_name": name,
        "model": "gpt-5.5",
        "permission_mode": "default",
        **fields,
    }


def tool(name: str, tool_name: str = "Bash", given: Json | None = None, **fields: Any) -> Json:
    """An event about one call."""
    content = {"command": f"echo {MARKER}"} if given is None else given
    answer = {"tool_response": f"{MARKER}\n"} if name == "PostToolUse" else {}
    return event(name, tool_name=tool_name, tool_input=content, **{"tool_use_id": CALL, **answer, **fields})


def agent(name: str, **fields: Any) -> Json:
    """An event of a subagent, whose turn is its own."""
    return event(name, turn_id=AGENT_TURN, agent_id=AGENT, agent_type="default", **fields)


EVENTS = [
    event("SessionStart", source="startup"),
    event("UserPromptSubmit", prompt=f"please $probe-echo {MARKER}"),
    tool("PreToolUse"),
    tool("PostToolUse"),
    tool("PostToolUse", "apply_patch", {"command": PATCH}),
    tool("PostToolUse", "mcp__jira__create", {"title": MARKER}, tool_response={"content": [{"text": MARKER}]}),
    tool("PostToolUse", "spawn_agent", {"message": MARKER}, tool_response=json.dumps({"nickname": MARKER})),
    tool("PostToolUse", given={"command": f"cat {SKILL_FILE} # {MARKER}"}),
    event("PermissionRequest", tool_name="Bash", tool_input={"command": MARKER}),
    agent("SubagentStart"),
    agent("UserPromptSubmit", prompt=MARKER),
    agent("SubagentStop", last_assistant_message=MARKER, agent_transcript_path=f"/home/ann/{MARKER}"),
    event("Stop", stop_hook_active=False, last_assistant_message=MARKER),
    event("Interrupt"),
    event("PreCompact", trigger="auto", custom_instructions=MARKER),
    event("SessionEnd", reason="other"),
]  # fmt: skip


def _told(kind: str, **payload: Any) -> Json:
    return {"timestamp": "2026-11-21T08:17:53.739Z", "type": kind, "payload": payload}


def meta(originator: str = "codex_exec") -> Json:
    """The first record of a rollout."""
    return _told("session_meta", id=SESSION, cwd="/home/ann/widget", originator=originator, base_instructions=MARKER)


def completed(of: str, key: str = CALL, turn: str = TURN, took_ms: int | None = None, **item: Any) -> Json:
    """A call that has ended."""
    taken = {} if took_ms is None else {"duration": {"secs": took_ms // 1000, "nanos": took_ms % 1000 * 1_000_000}}
    content = {"command": ["bash", "-lc", MARKER], "aggregated_output": MARKER}
    return _told(
        "event_msg",
        type="item_completed",
        turn_id=turn,
        item={"type": of, "id": key, **content, **taken, **item},
        started_at_ms=1_795_249_000_000,
        completed_at_ms=1_795_249_000_250,
    )


def typed_skill(name: str, turn: str = TURN) -> Json:
    """The instructions of a skill that a person named."""
    said = f"<skill>\n<name>{name}</name>\n<path>/{MARKER}/SKILL.md</path>\n{MARKER}\n</skill>"
    about = {"turn_id": turn, "content_item_kinds": ["skills.selected_skill_instructions"]}
    content = [{"type": "input_text", "text": said}]
    passed = {"content": content, "internal_chat_message_metadata_passthrough": about}
    return _told("response_item", type="message", role="user", **passed)


def exited(code: int, key: str = CALL, turn: str = TURN, said: str = MARKER) -> Json:
    """What the model is told of a command."""
    output = f"Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code {code}\nOutput:\n{said}\n"
    about = {"turn_id": turn}
    told = {"call_id": key, "output": output, "internal_chat_message_metadata_passthrough": about}
    return _told("response_item", type="function_call_output", **told)


def turn_over(turn: str = TURN, **fields: Any) -> Json:
    """The last record of a turn."""
    return _told("event_msg", type="task_complete", turn_id=turn, duration_ms=1717, **fields)


def lines(*records: Json) -> str:
    """Records as a rollout has them."""
    return "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records)


class Written(Transcript):
    """A transcript in memory."""

    def __init__(self, *records: Json, originator: str = "codex_exec") -> None:
        self.originator = originator
        self.told = list(records)

    def origin(self) -> str:
        return self.originator

    def size(self) -> int:
        return len(self.told)

    def records(self, mark: str, since: int | None = None) -> list[Json]:
        return [record for record in self.told[since or 0 :] if mark in lines(record)]
