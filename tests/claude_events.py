"""Events as Claude Code 2.1.197 sends them to a hook, with a marker in every field that holds somebody's content."""

from typing import Any

MARKER = "canary-7f3a9"  # whatever carries it may never reach a record
SESSION, PROMPT, TOOL_USE = "5f0c1e2a-session", "a1b2c3d4-prompt", "toolu_0123"

Event = dict[str, Any]


def event(name: str, **fields: Any) -> Event:
    """The fields that every event has, and those of this one."""
    return {
        "session_id": SESSION,
        "prompt_id": PROMPT,
        "transcript_path": f"/home/ann/.claude/{MARKER}.jsonl",
        "cwd": "/home/ann/widget",
        "permission_mode": "default",
        "hook_event_name": name,
        **fields,
    }


def tool(name: str, tool_name: str = "Bash", given: Event | None = None, **fields: Any) -> Event:
    """An event about one tool call."""
    content = {"command": f"echo {MARKER}", "description": MARKER} if given is None else given
    return event(name, tool_name=tool_name, tool_input=content, tool_use_id=TOOL_USE, **fields)


OF_PROMPTS = [
    event("SessionStart", source="startup", model="claude-opus-4-8", session_title=MARKER),
    event(
        "UserPromptExpansion",
        expansion_type="slash_command",
        command_name="ship",
        command_args=MARKER,
        prompt=MARKER,
    ),
    event("UserPromptSubmit", prompt=f"please {MARKER}", source="user", session_title=MARKER),
    event("Stop", stop_hook_active=False, last_assistant_message=MARKER, background_tasks=[MARKER]),
    event("StopFailure", error=MARKER, last_assistant_message=MARKER),
    event("SubagentStop", agent_id="x", agent_type="reviewer", last_assistant_message=MARKER),
    event("Notification", message=MARKER),
    event("SessionEnd", reason="other"),
]
OF_TOOLS = [
    tool("PreToolUse", "Agent", {"subagent_type": "reviewer", "prompt": MARKER, "description": MARKER}),
    tool("PreToolUse", "mcp__jira__create", {"title": MARKER}, mcp_server={"name": MARKER, "source": MARKER}),
    tool("PostToolUse", tool_response={"stdout": MARKER, "stderr": MARKER}, duration_ms=31),
    tool(
        "PostToolUse",
        "Agent",
        {"subagent_type": "reviewer", "prompt": MARKER},
        tool_response={
            "content": [{"type": "text", "text": MARKER}],
            "prompt": MARKER,
            "resolvedModel": "claude-haiku-4-5",
            "usage": {"input_tokens": 11, "output_tokens": 7, "note": MARKER},
        },
        duration_ms=900,
    ),
    tool(
        "PostToolUse",
        "Skill",
        {"skill": "probe", "args": MARKER},
        tool_response={"success": True, "commandName": MARKER},
    ),
    tool(
        "PostToolUse",
        "Read",
        {"file_path": "/home/ann/widget/src/a.py"},
        tool_response={"file": {"content": MARKER}},
    ),
    tool("PostToolUse", "Read", {"file_path": f"/home/ann/{MARKER}.txt"}, tool_response={"file": {"content": MARKER}}),
    tool("PostToolUse", "Write", {"file_path": f"/home/ann/widget/{MARKER}", "content": MARKER}),
    tool("PostToolUseFailure", error=f"Exit code 3: {MARKER}", is_interrupt=False, duration_ms=17),
    tool("PermissionDenied", reason=MARKER),
]


def every_event() -> list[Event]:
    """One of each, all content marked."""
    return [*OF_PROMPTS, *OF_TOOLS]
