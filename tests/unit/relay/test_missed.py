"""What a session's hooks do about a relay that was not the same one all along."""

import json
import os
import signal

import pytest

from tallyward.client import relay_start, session_place
from tests.claude_events import SESSION, event
from tests.relaying import RunningRelay
from tests.waiting import eventually

CALL = {"type": "tool_use", "id": "toolu_missed", "name": "Bash", "input": {"command": "canary-command"}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_missed", "content": "canary-output", "is_error": False}


@pytest.fixture
def relay(laptop):
    with RunningRelay(laptop, uses=("claude hooks",)) as running:
        yield running


@pytest.fixture
def transcript(tmp_path):
    """What Claude Code has kept of a session: a prompt, a call, its result."""
    about = {"sessionId": SESSION, "cwd": "/nowhere", "timestamp": "2026-05-17T12:00:00.000Z", "promptId": "p"}
    message = {"id": "msg_1", "model": "claude-opus-4-8", "usage": {"input_tokens": 7}, "content": [CALL]}
    records = [
        {**about, "type": "user", "message": {"role": "user", "content": "canary-prompt"}},
        {**about, "type": "assistant", "message": message},
        {**about, "type": "user", "message": {"role": "user", "content": [RESULT]}},
    ]
    file = tmp_path / f"{SESSION}.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(file)


def keys(laptop):
    return {record["row"].get("fire_key") or record["row"].get("request_key") for record in laptop.spooled()}


def test_a_session_whose_relay_was_the_same_reads_no_transcript(laptop, relay, transcript):
    laptop.hook(event("SessionStart", source="startup", transcript_path=transcript))
    laptop.hook(event("Stop", transcript_path=transcript))
    assert "missed" not in session_place.load(str(laptop.root), SESSION)
    assert "toolu_missed" not in keys(laptop)


def test_after_a_relay_has_died_the_transcript_says_what_was_missed(laptop, relay, transcript):
    laptop.hook(event("SessionStart", source="startup", transcript_path=transcript))
    relay.end(signal.SIGKILL)
    laptop.hook(event("Stop", transcript_path=transcript))
    eventually(lambda: {"toolu_missed", "msg_1"} <= keys(laptop), 20)
    assert relay.is_running()
    assert b"canary" not in laptop.everything()


def test_where_there_can_be_no_relay_every_prompt_is_read(laptop, relay, transcript):
    relay.end(signal.SIGKILL)
    os.close(relay_start.claim(relay.root) or -1)
    fd = relay_start.listening(relay.port)
    try:
        laptop.hook(event("SessionStart", source="startup", transcript_path=transcript))
        laptop.hook(event("Stop", transcript_path=transcript))
        eventually(lambda: "toolu_missed" in keys(laptop), 20)
    finally:
        os.close(fd)


def test_a_hook_tells_the_relay_who_works_where(laptop, relay, transcript):
    laptop.hook(event("SessionStart", source="startup", transcript_path=transcript))
    place = session_place.load(str(laptop.root), SESSION)
    assert (place["engineer_id"], place["runtime"]) == ("ann", "claude-code-cli")


def test_without_a_relay_nothing_of_this_is_written(laptop, transcript):
    laptop.hook(event("SessionStart", source="startup", transcript_path=transcript))
    assert sorted(path.name for path in laptop.root.iterdir()) == ["sessions"]
