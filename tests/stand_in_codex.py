"""A program named `codex` that does one thing of the real one: say which hooks there are and which of them it trusts.

Its hashes are its own. What the real one says is tested with the real one, in tests/clients.
"""

import hashlib
import json
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

EVENT_WORDS = {"PreToolUse": "pre_tool_use", "PostToolUse": "post_tool_use"}


def install(folder: Path) -> Path:
    """Put the program into a folder, for the PATH."""
    folder.mkdir(exist_ok=True)
    program = folder / "codex"
    program.write_text(f"#!{sys.executable}\n{Path(__file__).read_text()}")
    program.chmod(0o755)
    return program


def hooks() -> list[dict[str, Any]]:
    home = Path(os.environ.get("CODEX_HOME") or Path.home() / ".codex")
    config = home / "config.toml"
    state = tomllib.loads(config.read_text()).get("hooks", {}).get("state", {}) if config.exists() else {}
    source = home / "hooks.json"
    found: list[dict[str, Any]] = []
    for event, groups in (json.loads(source.read_text()) if source.exists() else {}).get("hooks", {}).items():
        for at, group in enumerate(groups):
            key = f"{source}:{EVENT_WORDS.get(event, event.lower())}:{at}:0"
            current = "sha256:" + hashlib.sha256(json.dumps([event, group]).encode()).hexdigest()
            known = state.get(key, {})
            verdict = "trusted" if known.get("trusted_hash") == current else "modified" if known else "untrusted"
            told = {"key": key, "currentHash": current, "trustStatus": verdict, "enabled": known.get("enabled", True)}
            found.append({**told, "command": group["hooks"][0]["command"]})
    return found


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    assert sys.argv[1:] == ["app-server"]
    for line in sys.stdin:
        request = json.loads(line)
        if request["method"] == "initialize":
            say({"id": request["id"], "result": {}})
        elif request["method"] == "hooks/list":
            say({"method": "configWarning", "params": {}})
            say({"id": request["id"], "result": {"data": [{"hooks": hooks()}]}})
