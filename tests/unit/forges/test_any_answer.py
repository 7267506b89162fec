"""Whatever a forge answers, reading it gives facts or says that the shape is unknown; nothing else goes wrong."""

import inspect
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallyward.errors import ForgeError, RateLimited
from tallyward.forges import (
    _forgejo_answers,
    _forgejo_shapes,
    _github_answers,
    _github_queries,
    _github_shapes,
    _github_words,
    _words,
)
from tallyward.forges._refusals import graphql_refusal, pause_until, refusal
from tallyward.forges._wire import Answer
from tallyward.testing.frozen_clock import FrozenClock

MODULES = (_forgejo_answers, _forgejo_shapes, _github_answers, _github_queries, _github_shapes)
READERS: dict[str, Callable[[Any], Any]] = {
    f"{module.__name__.rpartition('.')[2]}.{name}": read
    for module in MODULES
    for name, read in inspect.getmembers(module, inspect.isfunction)
    if name.startswith("read_")
} | {
    "commits": lambda raw: _words.commits_seen(raw, lambda _: ["claude"]),
    "messages": lambda raw: _github_words.agents_told(raw, lambda _: ["claude"]),
}
NAMES = st.sampled_from(
    [
        *("number", "state", "head", "base", "ref", "sha", "repo", "user", "login", "labels", "name", "created_at"),
        *("updated_at", "nodes", "commit", "commits", "message", "committer", "date", "check_runs", "statuses", "core"),
        *("resources", "limit", "remaining", "reset", "repository", "pullRequest", "title", "body", "(ours)", "id"),
        *("workflow_runs", "run_started_at", "config", "url", "delivered_at", "guid", "event", "node_id", "full_name"),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.datetimes().map(datetime.isoformat)
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=8), max_leaves=30
)
HEADER = st.text(st.characters(min_codepoint=0, max_codepoint=255), max_size=30) | st.integers(0).map(str)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            *("retry-after", "x-ratelimit-remaining", "x-ratelimit-reset", "x-ratelimit-limit", "x-github-sso"),
            *("x-accepted-github-permissions", "location", "link", "etag"),
        ]
    ),
    HEADER,
)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=30)
@given(raw=JSON)
def test_an_answer_is_read_or_its_shape_is_unknown(name: str, raw: Any):
    def told() -> Any:
        return READERS[name](raw)

    try:
        told()
    except msgspec.ValidationError:
        with pytest.raises(msgspec.ValidationError):
            told()  # an unknown shape is unknown each time
    else:
        assert told() == told()


@given(status=st.integers(300, 599), headers=HEADERS, said=JSON)
def test_every_refusal_is_an_error_of_ours_with_one_line(status: int, headers: dict[str, str], said: Any):
    error = refusal(status, headers, said, "GET /repos/acme/shop")

    assert isinstance(error, ForgeError)
    assert "\n" not in error.message
    assert not isinstance(error, RateLimited) or error.until is not None


@given(errors=st.lists(JSON, min_size=1))
def test_every_error_of_graphql_is_one_of_ours(errors: list[Any]):
    assert isinstance(graphql_refusal(errors, "query Standing"), ForgeError)


@given(headers=HEADERS)
def test_a_pause_is_never_in_the_past_nor_longer_than_any_window(headers: dict[str, str]):
    with FrozenClock() as time:
        assert 0 <= (pause_until(headers) - time.now()).total_seconds() <= 7200


@given(body=st.binary() | JSON.map(lambda said: json.dumps(said).encode()))
def test_a_body_is_json_or_the_forge_is_unavailable(body: bytes):
    answer = Answer(200, {}, body)
    try:
        said = answer.json()
    except ForgeError:
        said = None
    assert answer.json(lenient=True) == said
