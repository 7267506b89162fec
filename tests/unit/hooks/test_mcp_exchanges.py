"""Exchanges over HTTP: what was in them, in whatever pieces, and nothing of what is missing is made up."""

import json
import zlib

import pytest

from tallyward.capture.mcp import Mcp
from tallyward.hooks.mcp_copies import FROM_CLIENT, FROM_SERVER
from tallyward.hooks.mcp_exchanges import ANSWERED, ASKED, OVER, Exchanges
from tests.wrapped_server import answer, call, line

JSON, EVENTS = "application/json", "text/event-stream"


class Heard:
    """Exchanges, and how the calls in them ended."""

    def __init__(self):
        self.calls = Mcp("probe", lambda: "random")
        self.exchanges = Exchanges(self.calls)
        self.ended = []

    def take(self, kind, piece=b"", scope=1, at=1.0):
        self.ended += [(one.call.key, one.status) for one in self.exchanges.take(kind, scope, at, piece)]

    def ask(self, message, scope=1):
        self.take(ASKED, b"claude-code\n", scope)
        self.take(FROM_CLIENT, json.dumps(message).encode(), scope)


@pytest.fixture
def heard():
    return Heard()


def test_a_body_packed_with_zlib_and_cut_anywhere_is_understood(heard):
    packed = zlib.compress(line(answer(1)))
    heard.ask(call(1))
    heard.take(ANSWERED, f"200\n{JSON}\ndeflate".encode())
    for byte in packed:
        heard.take(FROM_SERVER, bytes([byte]))
    heard.take(OVER)
    assert heard.ended == [("random", "success")]


def test_a_packed_answer_that_would_fill_the_memory_is_read_in_small_pieces(heard):
    text = json.dumps({"id": 1, "result": {"content": "x" * 50_000_000}}).encode()
    heard.ask(call(1))
    heard.take(ANSWERED, f"200\n{JSON}\ngzip".encode())
    heard.take(FROM_SERVER, zlib.compress(text, wbits=31))
    heard.take(OVER)
    assert heard.ended == [("random", "success")]


def test_a_list_of_requests_and_a_list_of_answers_are_paired(heard):
    heard.ask([call(1, callId="a"), call(2, callId="b")])
    heard.take(ANSWERED, f"200\n{JSON}\n".encode())
    heard.take(FROM_SERVER, json.dumps([answer(2, isError=True), answer(1)]).encode())
    heard.take(OVER)
    assert heard.ended == [("b", "error"), ("a", "success")]


def test_two_clients_that_count_alike_are_told_apart(heard):
    for scope in (1, 2):
        heard.ask(call(1, callId=f"of {scope}"), scope)
    for scope in (2, 1):
        heard.take(ANSWERED, f"200\n{EVENTS}\n".encode(), scope)
        heard.take(FROM_SERVER, b"data: " + line(answer(1)) + b"\n", scope)
    assert heard.ended == [("of 2", "success"), ("of 1", "success")]


def test_the_program_behind_a_request_is_known_by_its_agents_name(heard):
    heard.ask(call(1))
    assert heard.calls.all_end(2.0)[0].call.client_name == "claude-code"


def test_after_a_gap_a_body_is_given_up_and_the_exchange_goes_on(heard):
    heard.ask(call(1))
    heard.take(ANSWERED, f"200\n{EVENTS}\n".encode())
    heard.exchanges.lose(FROM_SERVER, 1)
    heard.take(FROM_SERVER, b'1,"result":{}}\n\ndata: ' + line(answer(1)) + b"\n")
    assert heard.ended == [("random", "success")]


def test_pieces_of_an_exchange_whose_beginning_is_missing_are_nothing(heard):
    for kind in (FROM_CLIENT, FROM_SERVER, OVER):
        heard.take(kind, line(call(1)), scope=7)
    heard.take(ANSWERED, f"200\n{JSON}\n".encode(), scope=7)
    heard.exchanges.lose(FROM_CLIENT, 7)
    assert heard.calls.all_end(2.0) == []


def test_what_is_refused_is_an_error_and_what_gets_no_answer_stays_open(heard):
    heard.ask(call(1, callId="refused"), 1)
    heard.ask(call(2, callId="open"), 2)
    for scope, status in ((1, 500), (2, 202)):
        heard.take(ANSWERED, f"{status}\n\n".encode(), scope)
        heard.take(OVER, scope=scope)
    assert heard.ended == [("refused", "error")]
    assert [(one.call.key, one.status) for one in heard.calls.all_end(2.0)] == [("open", "abandoned")]
