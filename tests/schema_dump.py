"""The schema as PostgreSQL itself writes it down: `src/tallyward/ledger/schema.sql`, for people to read at one look.

The migrations make the schema; this file is what they must give, and a test compares the two. `scripts/schema` writes
it anew after a migration was added, so that a review sees the change of the whole beside the step.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tallyward.ledger import postgres_binaries
from tallyward.ledger.migrate import migrate
from tallyward.redact import Secret
from tests.databases import databases

DECLARED = Path(__file__).parent.parent / "src" / "tallyward" / "ledger" / "schema.sql"
_HEAD = """\
-- The whole schema, as pg_dump writes it after the last migration. Written by scripts/schema; do not edit.
-- It is here to be read: `tally serve` runs the migrations, and a test compares what they make with this.
"""
_TABLE_OF_COLUMN = re.compile(r"\b(?!public\.)[a-z_]+\.(?=[a-z_])")
_NOISE = (
    "--",
    "\\restrict",
    "\\unrestrict",
    "SET ",
    "SELECT pg_catalog.set_config",
    "COMMENT ON SCHEMA",
    "CREATE SCHEMA",
)


def dumped(url: str) -> str:
    """The schema of a database without its settings, owners and remarks: the same on every machine."""
    program = postgres_binaries.available()[0].program("pg_dump")
    result = subprocess.run(
        [program, "--schema-only", "--no-owner", "--schema=public", url], capture_output=True, text=True, check=True
    )
    lines = [line for line in result.stdout.splitlines() if not line.startswith(_NOISE)]
    paragraphs = [_plain(text.strip("\n")) for text in "\n".join(lines).split("\n\n")]
    return _HEAD + "".join(f"\n{text}\n" for text in paragraphs if text)


def _plain(paragraph: str) -> str:
    """Older PostgreSQL writes the table before each column of a view, newer does not."""
    return _TABLE_OF_COLUMN.sub("", paragraph) if paragraph.startswith("CREATE VIEW") else paragraph


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, databases(Path(folder)) as found:
        url = found.url(found.create())
        migrate(Secret(url))
        DECLARED.write_text(dumped(url), encoding="utf-8")
    sys.stdout.write(f"Wrote {DECLARED}\n")


if __name__ == "__main__":
    main()
