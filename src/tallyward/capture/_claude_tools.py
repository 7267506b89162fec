"""Which of Claude Code's tools may run for long: hooks tell of them before they run, transcripts know that they did.

Imported by the hook: as little as possible.
"""

AGENT_TOOLS = ("Agent", "Task")
LONG_TOOLS = ("Bash", "PowerShell", "WebFetch", "WebSearch", "Skill", *AGENT_TOOLS, "Workflow")
MCP_PREFIX = "mcp__"
LONG_TOOLS_MATCHER = f"^({'|'.join(LONG_TOOLS)}|{MCP_PREFIX}.*)$"
