"""One engineer's laptop in a folder of its own: the hook as a real process, its spool, the sender that it starts."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tallyward
from tallyward import clock
from tallyward.client import sender_start

PACKAGE = Path(tallyward.__file__).parent
HOOK = PACKAGE / "hooks" / "claude_code.py"
CODEX_HOOK = PACKAGE / "hooks" / "codex.py"
SENDER = PACKAGE / "client" / "sender.py"
TOKEN = "tw_test_token"


@dataclass(frozen=True)
class Ran:
    code: int
    out: bytes
    err: bytes
    seconds: float


class Laptop:
    """`home` is HOME; the folder of Tallyward is below it unless the environment says otherwise."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / ".tally"
        self.environ = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "TALLY_HOME": str(self.root),
            "CLAUDE_CODE_ENTRYPOINT": "cli",
            "GITHUB_USER": "ann",
        }

    def connect(self, server: str, **values: str | None) -> None:
        """Write what `tally connect` leaves for the hooks."""
        self.root.mkdir(mode=0o700, exist_ok=True)
        config = {"server": server, "token": TOKEN, "tenant": "default", "arg_key": "ab" * 32, **values}
        (self.root / "config.json").write_text(json.dumps({k: v for k, v in config.items() if v is not None}))

    def hook(self, event: dict[str, Any] | bytes, script: Path = HOOK, **options: Any) -> Ran:
        """Run a hook with `event` on its standard input, as an agent does."""
        raw = event if isinstance(event, bytes) else json.dumps(event).encode()
        return self.run([sys.executable, "-I", "-S", str(script)], input=raw, **options)

    def run(self, command: list[str], seconds: float = 30, **options: Any) -> Ran:
        begun = clock.elapsed_seconds()
        done = subprocess.run(command, capture_output=True, env=self.environ, timeout=seconds, check=False, **options)
        return Ran(done.returncode, done.stdout, done.stderr, clock.elapsed_seconds() - begun)

    def sender(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a sender by hand."""
        return subprocess.Popen([sys.executable, "-I", "-S", str(SENDER), *arguments], env=self.environ)

    def spooled(self) -> list[dict[str, Any]]:
        """The records that wait in the spool file itself."""
        path = self.root / "spool" / "fires.ndjson"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def set_aside(self, name: str) -> list[bytes]:
        path = self.root / "spool" / name
        return path.read_bytes().splitlines() if path.exists() else []

    def everything(self) -> bytes:
        """All that Tallyward has written on this laptop."""
        return b"".join(path.read_bytes() for path in sorted(self.root.rglob("*")) if path.is_file())

    def sender_pid(self) -> int | None:
        try:
            said = (self.root / "spool" / "sender.lock").read_text()
        except FileNotFoundError:
            return None
        return int(said) if said else None

    def close(self) -> None:
        """Leave no sender behind: it goes by itself when its folder does, and is told to go before."""
        pid = self.sender_pid() if (self.root / "spool").is_dir() and self._is_sending() else None
        shutil.rmtree(self.root, ignore_errors=True)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def _is_sending(self) -> bool:
        fd = sender_start.claim(str(self.root))
        if fd is not None:
            os.close(fd)
        return fd is None
