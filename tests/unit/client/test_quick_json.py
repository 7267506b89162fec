"""JSON without the module of that name, held against it."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.client import quick_json
from tests.laptop import PACKAGE

words = st.sampled_from(["", "a", 'quote"', "tab\t", "naïve", "\ud800", "nul\0", "🎯"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_what_it_writes_is_what_json_writes(value):
    assert quick_json.dumps(value) == json.dumps(value, sort_keys=True, separators=(",", ":"))


@given(values)
def test_it_reads_what_json_reads(value):
    raw = json.dumps(value, ensure_ascii=True, indent=1).encode()
    assert quick_json.loads(b" \n" + raw + b"\r\n") == value


BROKEN = [b"", b"{", b"{} x", b"NaN", b"[1,]", b'"\x01"', b"\xff", b"[" * 100_000, b'{"a": -Infinity}', b"'a'"]


@pytest.mark.parametrize("raw", BROKEN, ids=lambda raw: repr(raw[:12]))
def test_broken_text_is_a_value_error(raw):
    with pytest.raises(ValueError):  # noqa: PT011  # whichever of its kinds
        quick_json.loads(raw)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": object()}])
def test_what_is_not_json_is_not_written(value):
    with pytest.raises(ValueError):  # noqa: PT011  # whichever of its kinds
        quick_json.dumps(value)


def test_neither_way_loads_regular_expressions():
    program = (
        f"import sys; sys.path.append({str(PACKAGE.parent)!r})\n"
        "from tallyward.client import quick_json\n"
        "assert quick_json.loads(quick_json.dumps({'a': [1, None]}).encode()) == {'a': [1, None]}\n"
        "print('re' in sys.modules or 'json' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_another_python_gives_the_same_answers(monkeypatch):
    for name in ("make_scanner", "make_encoder", "encode_basestring_ascii"):
        monkeypatch.setattr(quick_json, name, None)
    assert quick_json.loads(b'{"b":1,"a":[null]}') == {"b": 1, "a": [None]}
    assert quick_json.dumps({"b": 1, "a": [None]}) == '{"a":[null],"b":1}'
    with pytest.raises(ValueError, match="NaN"):
        quick_json.loads(b"NaN")
