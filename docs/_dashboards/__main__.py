"""`python -m docs._dashboards [TENANT.TOML FOLDER]` writes the dashboards, or those of one tenant."""

import sys
from pathlib import Path

import msgspec

from docs._dashboards import files
from tallyward.domain.tenant import TenantConfig


def main() -> None:
    config, folder = TenantConfig(), files.FOLDER
    if len(sys.argv) > 1:
        settings, folder = Path(sys.argv[1]), Path(sys.argv[2])
        config = msgspec.toml.decode(settings.read_bytes(), type=TenantConfig)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.written(config).items():
        (folder / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"Wrote {folder / name}.\n")


if __name__ == "__main__":
    main()
