"""An MCP server with one tool, `ping`: one JSON message a line on standard input and output."""

import json
import sys
from typing import Any


def answer(message: dict[str, Any]) -> dict[str, Any]:
    asked, parameters = message["method"], message.get("params") or {}
    if asked == "initialize":
        version = parameters.get("protocolVersion")
        return {
            "protocolVersion": version,
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "probe", "version": "1"},
        }
    if asked == "tools/list":
        return {"tools": [{"name": "ping", "description": "Answers.", "inputSchema": {"type": "object"}}]}
    if asked == "tools/call":
        return {"content": [{"type": "text", "text": f"pong {json.dumps(parameters.get('arguments'))}"}]}
    return {}


for line in sys.stdin:
    received = json.loads(line)
    if "id" in received and "method" in received:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": received["id"], "result": answer(received)}) + "\n")
        sys.stdout.flush()
