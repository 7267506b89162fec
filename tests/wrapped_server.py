"""An MCP server behind the wrapper, as a client starts it, and the processes that stand between."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from tests.laptop import PACKAGE, Laptop
from tests.waiting import eventually

WRAP = PACKAGE / "hooks" / "mcp_wrap.py"
PROBE = Path(__file__).parent / "clients" / "probe_mcp.py"
PROBE_COMMAND = (sys.executable, "-I", "-S", str(PROBE))


def wrap_command(name: str, *command: str) -> list[str]:
    return [sys.executable, "-I", "-S", str(WRAP), "--server-name", name, "--", *command]


def python(program: str) -> tuple[str, ...]:
    """A server made of a few lines."""
    return (sys.executable, "-I", "-S", "-c", program)


def call(number: Any, tool: str = "ping", **meta: Any) -> dict[str, Any]:
    arguments = {"path": "canary-arguments"}
    return {
        "jsonrpc": "2.0", "id": number, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments, "_meta": meta},
    }  # fmt: skip


def answer(number: Any, **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "result": {"content": [{"type": "text", "text": "canary-output"}], **more}}


def line(message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


class WrappedServer:
    """`with WrappedServer(laptop, command) as server:` talks to it through raw pipes, unbuffered."""

    def __init__(self, laptop: Laptop, command: tuple[str, ...] = PROBE_COMMAND, **options: Any) -> None:
        self.laptop = laptop
        self.name = f"probe-{os.urandom(4).hex()}"
        self._command = wrap_command(self.name, *command)
        self._options = {"stdin": -1, "stdout": -1, "stderr": -1, "bufsize": 0, **options}

    def __enter__(self) -> Self:
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            self._command, env=self.laptop.environ, **self._options
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        self.process.wait()
        eventually(lambda: not self.between(), 20)

    def say(self, *messages: object) -> None:
        for message in messages:
            os.write(self.process.stdin.fileno(), message if isinstance(message, bytes) else line(message))

    def hear(self) -> bytes:
        """One line of the server's output; nothing at its end."""
        heard = b""
        while not heard.endswith(b"\n") and (byte := os.read(self.process.stdout.fileno(), 1)):
            heard += byte
        return heard

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self.say(message)
        return json.loads(self.hear())

    def between(self) -> list[int]:
        """The tee and the recorder, parents first."""
        numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and self._is_ours(path)]
        found = [pid for pid in numbers if pid != self.process.pid]  # which is the wrapper until it is the server
        return sorted(found, key=lambda pid: _parent(pid) in found)

    def _is_ours(self, path: Path) -> bool:
        try:
            return self.name.encode() in (path / "cmdline").read_bytes().split(b"\0")
        except OSError:
            return False

    def rows(self, many: int = 1) -> list[dict[str, Any]]:
        """The rows of this server, once there are so many, in the order in which they were written."""

        def found() -> list[dict[str, Any]]:
            prefix = f"mcp__{self.name}__"
            rows = [record["row"] for record in self.laptop.spooled() if record["row"]["skill_name"].startswith(prefix)]
            return rows if len(rows) >= many else []

        return eventually(found, 20) if many else found()


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
