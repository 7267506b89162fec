"""Reads what the hooks of a session may have missed from the session's own transcript, into the spool.

    python -I -S missed.py --transcript FILE --session ID

Started at the end of a prompt, and only for a session whose relay was not the same one all along. It reads the
transcript whole, and those of the session's subagents: calls, prompts and requests have the keys that the hooks and the
exporter's betters give them, so what is known already is known once.
"""

import os
import sys
from collections.abc import Iterator, Mapping

if __name__ == "__main__":  # Started by its path, without the site packages: the package is found from here.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120

import argparse
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from tallyward import clock
from tallyward.capture._base import text
from tallyward.capture._transcript import Facts, Place
from tallyward.capture.claude_transcripts import ClaudeTranscripts
from tallyward.client import git_facts, home, quick_json, sender_start, session_place, spool
from tallyward.client.fingerprint import keyed_hash
from tallyward.client.transcript_lines import Lines, Unreadable

BLOCK_ROWS = 1_000


def read(root: str, environ: Mapping[str, str], transcript: Path, session: str) -> int:
    """Put every row of a session's transcripts into the spool. How many there were."""
    lines = [quick_json.dumps(row) + "\n" for row in _rows(root, environ, transcript, session)]
    for start in range(0, len(lines), BLOCK_ROWS):
        spool.append(root, "".join(lines[start : start + BLOCK_ROWS]).encode())
    return len(lines)


def _rows(root: str, environ: Mapping[str, str], transcript: Path, session: str) -> Iterator[dict[str, Any]]:
    facts = _facts(root, environ, session_place.load(root, session))
    subagents = sorted((transcript.parent / session / "subagents").rglob("agent-*.jsonl"))
    for path in (transcript, *subagents):
        reader = ClaudeTranscripts(facts)
        with suppress(Unreadable), Lines(path) as lines:
            for raw in lines.slice(sys.maxsize):
                reader.line(raw)
        reader.end()
        yield from ({"to": told.to, "row": told.row} for told in reader.take())


def _facts(root: str, environ: Mapping[str, str], place: Mapping[str, object]) -> Facts:
    config = home.read_config(root, environ)
    who = place.get("engineer_id") or config.engineer_id or "unknown"

    def placed(directory: str | None) -> Place:
        found = git_facts.repository(directory)
        return Place(text(found.name), text(found.branch), str(who))

    return Facts(
        runtime=lambda _entry: str(place.get("runtime") or "claude-code-local"),
        place=placed,
        fingerprint=partial(_fingerprint, config.arg_key) if config.arg_key else lambda _arguments: None,
        written_at=clock.iso(clock.now()),
    )


def _fingerprint(arg_key: str, arguments: object) -> str:
    return keyed_hash(arg_key, quick_json.dumps(arguments).encode("utf-8", "replace"))


def main(arguments: list[str], environ: Mapping[str, str]) -> None:
    """Read one session, and make sure that a sender is about."""
    parser = argparse.ArgumentParser(prog="missed", description="Read what hooks may have missed of a session.")
    parser.add_argument("--transcript", type=Path, required=True)
    parser.add_argument("--session", required=True)
    given = parser.parse_args(arguments)
    root = home.home_dir(environ)
    if read(root, environ, given.transcript, given.session):
        sender_start.if_needed(root, environ)


if __name__ == "__main__":
    main(sys.argv[1:], os.environ)
