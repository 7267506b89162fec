"""The real OpenID provider as a process: started on a port of its own, told to lie, ended, started again."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.machine import PROVIDER_PACKAGES
from tests.waiting import eventually

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
START_SECONDS_MAX = 30.0
SECRET = "a test secret"
SETTINGS = """
[oidc]
issuer = "{issuer}"
client_id = "tallyward"
client_secret_file = "secret"
label = "Example <b>SSO</b>"
{more}
[oidc.roles]
admin = ["platform"]
lead = ["leads"]
engineer = ["engineering"]
[oidc.engineers]
ann = "ann-b"
"""


def node() -> str:
    """The Node.js that scripts/node finds."""
    done = subprocess.run([ROOT / "scripts" / "node"], capture_output=True, text=True, check=True)
    return str(Path(done.stdout.strip()) / "node")


class Provider:
    """A provider; `issuer` is its address."""

    def __init__(self, folder: Path) -> None:
        self._spoil = folder / "spoil"
        self._log = folder / "provider.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.issuer = ""
        self.lie("")

    def lie(self, how: str) -> None:
        """How its next ID tokens are wrong; the words are those of provider.mjs."""
        self._spoil.write_text(how, encoding="utf-8")

    def start(self) -> None:
        """Starts it, again on its old port if it had one, with keys of its own."""
        port = self.issuer.rpartition(":")[2] or "0"
        environment = {
            "PATH": os.environ["PATH"],
            "PACKAGES": str(PROVIDER_PACKAGES),
            "PORT": port,
            "SPOIL": str(self._spoil),
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [node(), HERE / "provider.mjs"], env=environment, stdout=subprocess.PIPE, stderr=log
            )
        said: list[bytes] = []
        stdout = self._process.stdout
        assert stdout is not None
        reader = threading.Thread(target=lambda: said.append(stdout.readline()), daemon=True)
        reader.start()
        eventually(lambda: bool(said), START_SECONDS_MAX)
        assert said[0], self._log.read_text(encoding="utf-8")
        self.issuer = said[0].decode().strip()

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


def write_settings(folder: Path, issuer: str, more: str = "", tenant: str = "default", secret: str = SECRET) -> Path:
    """A tenants folder whose tenant signs in at `issuer`."""
    place = folder / "tenants" / tenant
    place.mkdir(parents=True, exist_ok=True)
    (place / "tenant.toml").write_text(SETTINGS.format(issuer=issuer, more=more), encoding="utf-8")
    (place / "secret").write_text(f"{secret}\n", encoding="utf-8")
    return folder / "tenants"


@contextmanager
def providing(folder: Path) -> Iterator[Provider]:
    """A provider until the end of the block."""
    provider = Provider(folder)
    try:
        provider.start()
        yield provider
    finally:
        provider.stop()
