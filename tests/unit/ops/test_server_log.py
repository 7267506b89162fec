"""What the server's log is rid of: a line for each request that it sends, and secrets."""

import subprocess
import sys

SAID = """
import logging
from tallyward.ops import serve
serve._log_to_stderr()
logging.getLogger("httpx2").info("HTTP Request: POST http://sink/write")
logging.getLogger("httpx2").warning("odd answer")
logging.getLogger("tallyward.x").info("key ghp_%s", "x" * 36)
"""


def test_the_log_has_what_went_wrong_and_ours_and_no_line_for_each_request() -> None:
    ran = subprocess.run([sys.executable, "-c", SAID], capture_output=True, text=True, timeout=60, check=True)

    assert [
        line.partition(" httpx2: ")[2] or line.partition(" tallyward.x: ")[2] for line in ran.stderr.splitlines()
    ] == [
        "odd answer",
        "key [redacted]",
    ]
