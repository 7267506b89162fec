"""When a hook becomes the sender, and what it leaves behind."""

import os
from pathlib import Path

from tallyward.client import sender_start, spool
from tests.claude_events import tool
from tests.waiting import eventually


def test_only_one_process_can_hold_the_lock(tmp_path):
    (tmp_path / "spool").mkdir()
    first = sender_start.claim(str(tmp_path))
    assert first is not None
    assert sender_start.claim(str(tmp_path)) is None
    os.close(first)
    again = sender_start.claim(str(tmp_path))
    assert again is not None
    os.close(again)


def test_it_does_not_start_where_nothing_waits_or_it_is_too_early(tmp_path):
    """It would replace this very process, so the test could not end."""
    sender_start.if_needed(str(tmp_path), {})
    spool.append(str(tmp_path), b"{}\n")
    moment = os.stat(tmp_path).st_mtime + 100  # noqa: PTH116
    (tmp_path / "spool" / "backoff").write_text("1")
    os.utime(tmp_path / "spool" / "backoff", (moment, moment))
    sender_start.if_needed(str(tmp_path), {})
    assert not (tmp_path / "spool" / "sender.lock").exists()


def test_the_sender_leaves_the_agents_group_pipes_and_secrets_behind(laptop, listener):
    laptop.connect(listener.url)
    laptop.environ["ANTHROPIC_API_KEY"] = "sk-canary"
    read_end, write_end = os.pipe()
    assert laptop.hook(tool("PostToolUse"), pass_fds=[write_end]).code == 0
    os.close(write_end)
    pid = eventually(laptop.sender_pid)
    assert os.read(read_end, 1) == b""  # nobody holds the other end any more
    os.close(read_end)
    assert os.getsid(pid) == pid
    environ = Path(f"/proc/{pid}/environ")
    assert not environ.exists() or b"canary" not in environ.read_bytes()  # not every system has /proc


def test_a_fire_is_on_the_server_within_seconds_and_by_itself(laptop, listener):
    laptop.connect(listener.url)
    laptop.hook(tool("PostToolUse"))
    eventually(lambda: listener.rows)
    assert listener.rows["fire toolu_0123"]["skill_name"] == "Bash"
