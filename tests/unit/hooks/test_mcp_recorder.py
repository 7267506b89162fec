"""The recorder believes no message, counts what it missed, and knows who speaks."""

import os

import pytest

from tallyward.capture.mcp import WANTED, Mcp
from tallyward.client import segments
from tallyward.client.json_glance import Lines
from tallyward.hooks.mcp_copies import FROM_CLIENT, FROM_SERVER, GAP, HEADER
from tallyward.hooks.mcp_recorder import Pipes, Recorder, event, runtime_of
from tests.wrapped_server import answer, call, line


def events(message):
    return [event(found) for found in Lines(WANTED).feed(line(message))]


def test_of_a_message_only_the_wanted_is_known():
    assert events(call(7, **{"claudecode/toolUseId": "toolu_1", "secret": "canary"})) == [
        {
            "id": "int 7",
            "method": "tools/call",
            "params": True,
            "params.name": "ping",
            "params._meta": True,
            "params._meta.claudecode/toolUseId": "toolu_1",
        }
    ]


@pytest.mark.parametrize(
    ("given", "known"),
    [(1, "int 1"), ("1", "str 1"), (1.5, "float 1.5"), (None, None), ({}, "bool True"), (True, "bool True")],
)
def test_an_id_keeps_its_kind_and_null_is_no_id(given, known):
    (said,) = events({"id": given, "method": "ping"})
    assert said.get("id") == known


def test_the_same_id_in_other_letters_is_the_same_id():
    feed = Lines(WANTED).feed
    assert [event(found) for found in feed(b'{"id":"\\u0061/b"}\n{"id":"a\\/b"}\n')] == [{"id": "str a/b"}] * 2


@pytest.mark.parametrize(
    ("client", "environ", "runtime"),
    [
        ("claude-code", {"CLAUDE_CODE_ENTRYPOINT": "cli"}, "claude-code-cli"),
        ("claude-code", {"CLAUDE_CODE_ENTRYPOINT": "claude-desktop"}, "claude-code-desktop"),
        ("codex-mcp-client", {"CLAUDE_CODE_ENTRYPOINT": "cli"}, "codex-local"),
        ("codex-mcp-client", {"TALLY_RUNTIME": "k8s-job"}, "k8s-job"),
        ("", {}, "claude-code-local"),
        ("cursor-vscode", {}, "claude-code-local"),
    ],
)
def test_the_runtime_is_what_the_client_and_its_surroundings_say(client, environ, runtime):
    assert runtime_of(client, environ) == runtime


class Listening:
    """A recorder in this process, fed with frames, and its spool."""

    def __init__(self, laptop, conversation=Pipes):
        reading, self.writing = os.pipe()
        calls = Mcp("probe", lambda: "random")
        self.laptop = laptop
        self.recorder = Recorder(reading, calls, conversation(calls), str(laptop.home), laptop.environ)

    def frame(self, kind, piece=b"", at=0.0):
        os.write(self.writing, HEADER.pack(kind, 0, at, len(piece)) + piece)

    def rows(self):
        os.close(self.writing)
        self.recorder.run()
        os.close(self.recorder.pipe)
        return [(record["row"]["fire_key"], record["row"]["status"]) for record in self.laptop.spooled()]


def test_a_message_in_pieces_is_one_message(laptop):
    listening = Listening(laptop)
    whole = line(call(1)) + line(answer(1))
    for byte in line(call(1)):
        listening.frame(FROM_CLIENT, bytes([byte]))
    listening.frame(FROM_SERVER, whole[len(line(call(1))) :])
    assert listening.rows() == [("random", "success")]


def test_the_answer_that_was_left_out_leaves_its_call_abandoned_and_is_counted(laptop):
    listening = Listening(laptop)
    listening.frame(FROM_CLIENT, line(call(1, **{"claudecode/toolUseId": "one"})))
    listening.frame(FROM_SERVER, b'{"jsonrpc":')
    listening.frame(FROM_SERVER | GAP)
    listening.frame(FROM_SERVER, b'"id":1,"result":{}}\n')
    listening.frame(FROM_CLIENT, line(call(2, **{"claudecode/toolUseId": "two"})))
    listening.frame(FROM_SERVER, line(answer(2)))
    assert listening.rows() == [("two", "success"), ("one", "abandoned")]
    assert segments.losses(str(laptop.root))["unreadable"] == 1


class Stumbling(Pipes):
    """A conversation with a mistake in it."""

    def take(self, kind, scope, at, piece):
        if b"stumble" in piece:
            raise RecursionError
        return super().take(kind, scope, at, piece)


def test_a_mistake_of_ours_costs_the_message_and_is_counted(laptop):
    listening = Listening(laptop, Stumbling)
    listening.frame(FROM_CLIENT, line(call(1, "stumble")))
    listening.frame(FROM_CLIENT, b"\n" + line(call(2)))
    listening.frame(FROM_SERVER, line(answer(2)))
    assert listening.rows() == [("random", "success")]
    assert segments.losses(str(laptop.root))["unreadable"] == 1


def test_a_frame_that_breaks_off_is_the_end(laptop):
    listening = Listening(laptop)
    listening.frame(FROM_CLIENT, line(call(1)))
    os.write(listening.writing, HEADER.pack(FROM_SERVER, 0, 0.0, 1000) + b"torn")
    assert listening.rows() == [("random", "abandoned")]


def test_a_row_has_the_moment_of_its_request(laptop):
    from tallyward import clock

    listening = Listening(laptop)
    listening.frame(FROM_CLIENT, line(call(1)), at=clock.elapsed_seconds() - 3600)
    listening.rows()
    ((row),) = [record["row"] for record in laptop.spooled()]
    assert row["ts"] < clock.iso_now()
    assert 3_600_000 <= row["latency_ms"] < 3_660_000
