"""`python -m docs._reference` writes every page that differs from what the code says now."""

import sys

from docs._reference import pages


def main() -> None:
    for path, write in pages.everything().items():
        text = write()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"Wrote {path.relative_to(pages.ROOT)}.\n")


if __name__ == "__main__":
    main()
