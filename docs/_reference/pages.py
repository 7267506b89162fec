"""Every generated text and where it stands."""

import json
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

import msgspec

from docs._dashboards import files as dashboards
from docs._reference import captured_fields, claude_plugin
from tallyward.domain.tenant import TenantConfig
from tallyward.web.app import CALLS
from tallyward.web.openapi import describe

ROOT = Path(__file__).parent.parent.parent
REFERENCE = ROOT / "docs" / "reference"
README = ROOT / "README.md"
PLUGIN = ROOT / "deploy" / "claude-plugin"
PAGES = ("access", "api", "captured_fields", "cli", "config", "errors", "metrics", "tables")
NOTE = "<!-- Written by scripts/docs from the code. Do not edit. -->\n"
CAPTURED_BEGIN, CAPTURED_END = "<!-- captured:begin -->", "<!-- captured:end -->"


def everything() -> dict[Path, Callable[[], str]]:
    """What writes each generated page, by its path; the README with its table renewed is among them."""
    found = {REFERENCE / f"{name.replace('_', '-')}.md": partial(_page, name) for name in PAGES}
    plugin = {PLUGIN / name: write for name, write in claude_plugin.FILES.items()}
    boards = {dashboards.FOLDER / name: partial(_dashboard, name) for name in dashboards.NAMES}
    return {**found, **plugin, **boards, REFERENCE / "openapi.json": _description, README: _readme}


def _page(name: str) -> str:
    return NOTE + import_module(f"docs._reference.{name}").page().strip() + "\n"


def _dashboard(name: str) -> str:
    return dashboards.written(TenantConfig())[name]


def _description() -> str:
    described = json.loads(msgspec.json.encode(describe(CALLS)))
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def _readme() -> str:
    return _between(README.read_text(encoding="utf-8"), captured_fields.summary())


def _between(text: str, table: str) -> str:
    head, _, rest = text.partition(CAPTURED_BEGIN)
    _, end, tail = rest.partition(CAPTURED_END)
    if not end:
        raise ValueError(f"README.md has lost the marks {CAPTURED_BEGIN} and {CAPTURED_END}.")
    return f"{head}{CAPTURED_BEGIN}\n{table}\n{CAPTURED_END}{tail}"
