"""The hook as the agent starts it: a process that says nothing and ends with 0."""

import subprocess
import sys

import pytest

from tests.claude_events import MARKER, every_event, tool
from tests.laptop import HOOK, PACKAGE


@pytest.mark.parametrize("one", every_event(), ids=lambda one: f"{one['hook_event_name']}-{one.get('tool_name', '')}")
def test_every_event_ends_with_0_and_without_a_word(laptop, one):
    done = laptop.hook(one)
    assert (done.code, done.out, done.err) == (0, b"", b"")
    assert MARKER.encode() not in laptop.everything()


def test_a_fire_is_in_the_spool_when_the_hook_has_ended(laptop):
    laptop.hook(tool("PostToolUse", duration_ms=31))
    (record,) = laptop.spooled()
    assert record["row"]["fire_key"] == "toolu_0123"


def test_it_works_without_a_home_and_without_any_environment(laptop):
    laptop.environ.clear()
    laptop.environ["TALLY_HOME"] = str(laptop.root)
    assert laptop.hook(tool("PostToolUse")).code == 0
    assert laptop.spooled()[0]["row"]["runtime"] == "claude-code-local"


def test_it_imports_nothing_that_is_slow():
    """Each of these takes longer to import than the hook has to live."""
    slow = (
        "json",
        "re",
        "typing",
        "hashlib",
        "pathlib",
        "subprocess",
        "http.client",
        "logging",
        "enum",
        "dataclasses",
        "datetime",
    )
    program = (
        f"import sys; sys.path.append({str(PACKAGE.parent)!r})\n"
        "from tallyward.hooks import fire, start\n"
        "from tallyward.capture import claude_code\n"
        "from tallyward.client import fingerprint\n"
        f"print([name for name in {slow!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_importing_it_does_nothing():
    program = (
        f"import sys; sys.path.append({str(PACKAGE.parent)!r}); import tallyward.hooks.claude_code; print('still here')"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "still here\n"
    assert HOOK.exists()
