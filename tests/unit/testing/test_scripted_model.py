"""The scripted model speaks as much of the protocol as a real program needs."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tallyward.testing.scripted_model import Fail, Say, Script, ScriptedModel, Together, Usage, Use

TOOLS = [{"name": "Bash"}]


def ask(model: ScriptedModel, path: str = "/v1/messages", **request: Any) -> bytes:
    body = {"model": "claude-opus-4-8", "tools": TOOLS, **request}
    sent = urllib.request.Request(model.url + path, json.dumps(body).encode())  # noqa: S310  # our own address
    with urllib.request.urlopen(sent, timeout=5) as answer:  # noqa: S310  # the same
        return answer.read()


def conversation(said: str, results: int = 0) -> list[dict[str, Any]]:
    done = [{"role": "user", "content": [{"type": "tool_result", "content": "x"}]} for _ in range(results)]
    return [{"role": "user", "content": said}, *done]


def test_the_next_step_follows_from_the_results_that_are_there_already():
    with ScriptedModel(Script([Use("Bash", {"command": "ls"}), Say("done")])) as model:
        first = json.loads(ask(model, messages=conversation("go")))
        last = json.loads(ask(model, messages=conversation("go", results=1)))
        beyond = json.loads(ask(model, messages=conversation("go", results=7)))
    assert first["content"][0]["name"] == "Bash"
    assert (first["stop_reason"], last["stop_reason"]) == ("tool_use", "end_turn")
    assert last["content"] == beyond["content"] == [{"type": "text", "text": "done"}]


def test_a_conversation_picks_its_script_and_a_side_question_gets_a_word():
    with ScriptedModel(Script([Say("sub")], when="SUBTASK"), Script([Say("main")])) as model:
        told = [
            json.loads(ask(model, messages=conversation(said)))["content"][0]["text"] for said in ("a SUBTASK", "b")
        ]
        aside = json.loads(ask(model, messages=conversation("a title?"), tools=[]))
    assert told == ["sub", "main"]
    assert aside["content"][0]["text"] == "ok"
    assert len(model.requests) == 3


def test_a_streamed_answer_has_the_events_in_order_and_reports_the_usage():
    usage = Usage(fresh=1, cache_write=2, cache_read=3, output=4)
    with ScriptedModel(Script([Use("Bash", {"command": "ls"})]), usage=usage) as model:
        raw = ask(model, messages=conversation("go"), stream=True).decode()
    events = [json.loads(line.removeprefix("data: ")) for line in raw.splitlines() if line.startswith("data: ")]
    assert [event["type"] for event in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert json.loads(events[2]["delta"]["partial_json"]) == {"command": "ls"}
    assert events[4]["usage"]["output_tokens"] == 4


def test_several_tools_of_one_answer_are_blocks_of_their_own_and_one_step():
    both = Together([Use("Bash", {"command": "a"}), Use("Read")], usage=Usage(cache_write=2, cache_write_hour=3))
    with ScriptedModel(Script([both, Say("done")])) as model:
        answer = json.loads(ask(model, messages=conversation("go")))
        between = json.loads(ask(model, messages=conversation("go", results=1)))
        raw = ask(model, messages=conversation("go"), stream=True).decode()
        after = json.loads(ask(model, messages=conversation("go", results=2)))
    assert [block["name"] for block in answer["content"]] == [block["name"] for block in between["content"]]
    assert answer["usage"]["cache_creation_input_tokens"] == 5
    assert answer["usage"]["cache_creation"] == {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3}
    assert raw.count("event: content_block_start") == 2
    assert after["content"][0]["text"] == "done"
    assert model.answered == [("claude-opus-4-8", both.usage)] * 3 + [("claude-opus-4-8", Usage())]


def test_a_failure_is_the_providers_own_shape():
    with ScriptedModel(Script([Fail(529, "overloaded_error")])) as model:
        with pytest.raises(urllib.error.HTTPError) as caught:
            ask(model, messages=conversation("go"))
        with caught.value as answer:
            assert (answer.code, json.loads(answer.read())["error"]["type"]) == (529, "overloaded_error")


def test_tokens_can_be_counted_and_nothing_else_is_there():
    with ScriptedModel() as model:
        assert json.loads(ask(model, "/v1/messages/count_tokens")) == {"input_tokens": 1000}
        with pytest.raises(urllib.error.HTTPError, match="404") as caught:
            ask(model, "/v1/elsewhere")
        caught.value.close()
