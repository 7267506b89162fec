"""A real agent, connected with `tally connect` to a real server, over a wire that remembers."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients import claude as claude_program
from tests.clients import codex as codex_program
from tests.clients.claude import RealClaude
from tests.clients.codex import RealCodex
from tests.clients.wire import Wire
from tests.laptop import Laptop
from tests.servers import Server, serving

Exporting = Callable[..., None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """TALLY_TEST_CLIENTS=0 leaves these tests out, in the open; without it a missing program is a failure."""
    if os.environ.get("TALLY_TEST_CLIENTS") == "0":
        for item in items:
            if item.get_closest_marker("clients"):
                item.add_marker(pytest.mark.skip(reason="TALLY_TEST_CLIENTS=0"))


@pytest.fixture
def serve(tmp_path: Path, database_url: str) -> Iterator[Server]:
    """A real server with an empty ledger."""
    with serving(tmp_path / "data", database=database_url) as server:
        yield server


@pytest.fixture
def wire(serve: Server) -> Iterator[Wire]:
    """What the laptop takes for the server."""
    with Wire(serve.port) as wire:
        yield wire


@pytest.fixture
def claude(laptop: Laptop, serve: Server, wire: Wire) -> RealClaude:
    """The program, connected."""
    program = claude_program.PROGRAM
    assert program.exists(), f"{program} is missing; scripts/clients installs it, TALLY_CLAUDE names another"
    real = RealClaude(laptop)
    done = real.tally("connect", "claude", "--server", wire.url, "--token", serve.token(engineer="ann"))
    assert done.code == 0, done.err
    return real


@pytest.fixture
def unconnected_codex(laptop: Laptop) -> RealCodex:
    """The program as somebody uses it who has never heard of us."""
    program = codex_program.PROGRAM
    assert program.exists(), f"{program} is missing; scripts/clients installs it, TALLY_CODEX names another"
    return RealCodex(laptop)


@pytest.fixture
def codex(unconnected_codex: RealCodex, serve: Server, wire: Wire) -> RealCodex:
    """The program, connected and told that it may run our hooks."""
    token = serve.token(engineer="ann")
    done = unconnected_codex.tally("connect", "codex", "--trust", "--server", wire.url, "--token", token)
    assert (done.code, b"Codex trusts them" in done.out) == (0, True), done
    return unconnected_codex


@pytest.fixture
def exporting(claude: RealClaude, serve: Server, wire: Wire) -> Exporting:
    """Turns the program's own exporter on, with nothing but the wire before the server."""

    def turn_on(protocol: str, **more: str) -> None:
        claude.laptop.environ |= {
            "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
            "OTEL_LOGS_EXPORTER": "otlp",
            "OTEL_METRICS_EXPORTER": "otlp",
            "OTEL_TRACES_EXPORTER": "otlp",
            "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
            "OTEL_EXPORTER_OTLP_ENDPOINT": wire.url,
            "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization=Bearer {serve.token('capture', engineer='ann')}",
            **more,
        }

    return turn_on


@pytest.fixture
def codex_exporting(codex: RealCodex, serve: Server, wire: Wire) -> RealCodex:
    """The program, connected, with its own exporter on and nothing but the wire before the server."""
    header = f'{{ "Authorization" = "Bearer {serve.token("capture", engineer="ann")}" }}'
    otlp = f'{{ endpoint = "{wire.url}/v1/logs", protocol = "binary", headers = {header} }}'
    with codex.settings.open("a") as settings:
        settings.write(f"\n[otel]\nexporter = {{ otlp-http = {otlp} }}\n")
    return codex
