"""What a machine may lack, and tests that then are left out aloud: a Chromium, the real agents, a real OpenID provider,
a Prometheus, an InfluxDB and a VictoriaMetrics.

`scripts/test` brings them along. The variables it sets: TALLY_TEST_BROWSER is the program of a Chromium, or 0 for none;
TALLY_TEST_CLIENTS=0 leaves out the real agents.
"""

import os
import shutil
from pathlib import Path

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROVIDER_PACKAGES = Path(__file__).parent.parent / ".cache" / "provider" / "node_modules"
FORGE_PACKAGES = Path(__file__).parent.parent / ".cache" / "forges" / "node_modules" / "@octokit"
WEBHOOK_EXAMPLES = (
    Path(__file__).parent.parent / ".cache" / "webhooks" / "node_modules" / "@octokit" / "webhooks-examples"
)
PROMETHEUS = Path(__file__).parent.parent / ".cache" / "prometheus" / "usr" / "bin"
SERIES = Path(__file__).parent.parent / ".cache" / "series" / "usr" / "bin"
CLIENTS = Path(__file__).parent.parent / ".cache" / "clients" / "node_modules" / ".bin"


def chromium() -> str | None:
    """The program of a Chromium, None when there is none or the tests shall not use it."""
    named = os.environ.get("TALLY_TEST_BROWSER")
    if named:
        return None if named == "0" else named
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def client(name: str) -> str | None:
    """The program of a real agent, None when it is not installed or the tests shall not use it."""
    program = CLIENTS / name
    return str(program) if os.environ.get("TALLY_TEST_CLIENTS") != "0" and program.exists() else None


def prometheus(name: str) -> str | None:
    """One of the programs `prometheus` and `promtool`: the machine's own, or what scripts/prometheus brought."""
    return shutil.which(name) or shutil.which(name, path=PROMETHEUS)


def series(name: str) -> str | None:
    """One of the programs that tests of the training series need: the machine's own, or what scripts/series brought."""
    return shutil.which(name) or shutil.which(name, path=SERIES)


def left_out() -> dict[str, str]:
    """Markers whose tests cannot run here, each with the reason."""
    reasons: dict[str, str] = {}
    if chromium() is None:
        reasons["browser"] = "no Chromium (scripts/test installs one, or says how)"
    if None in map(client, ("claude", "codex")):
        reasons["clients"] = "no real agents (scripts/clients installs them; TALLY_TEST_CLIENTS=0 leaves them out)"
    if not PROVIDER_PACKAGES.is_dir():
        reasons["provider"] = "no OpenID provider (scripts/test installs one)"
    if not FORGE_PACKAGES.is_dir():
        reasons["forges"] = "no descriptions of GitHub's APIs (scripts/forges brings them)"
    if not WEBHOOK_EXAMPLES.is_dir():
        reasons["examples"] = "no example payloads of GitHub (scripts/test installs them)"
    if None in map(prometheus, ("prometheus", "promtool")):
        reasons["prometheus"] = "no Prometheus (scripts/prometheus brings one, or says how)"
    if None in map(series, ("influxd", "victoria-metrics", "jq", "curl", "bash")):
        reasons["series"] = "no influxd, VictoriaMetrics, jq, curl or bash (scripts/series brings three, or says how)"
    return reasons
