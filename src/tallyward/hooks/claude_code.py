"""The program that Claude Code starts at each event: `python -I -S claude_code.py`, the event on standard input.

Scripts are compiled anew at each start, so the work is in modules (`start.py`, `fire.py`), whose byte code is kept.
"""

import os
import sys


def main() -> None:
    """Take in one event of Claude Code."""
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120
    from tallyward.hooks import start

    start.start(_work)


def _work(began: float) -> None:
    from tallyward.capture.claude_code import ClaudeCode
    from tallyward.hooks import fire

    fire.run(ClaudeCode(), began)


if __name__ == "__main__":
    try:  # noqa: SIM105  # contextlib is slow to import
        main()
    except BaseException:  # noqa: BLE001, S110  # nobody handles it: to be silent here is the promise
        pass
    os._exit(0)
