"""The house stays tidy: sizes, names, docstrings, and the habits that are easier to keep than to win back."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

from tests import tidy
from tests.tidy import ROOT

FORBIDDEN_NAMES = ("util", "helper", "manager", "common", "misc", "stuff", "v2", "new", "old")
DIRECTIVE = re.compile(r"#\s*(noqa|pyright|type)\b[^#]*")
ISSUE_NUMBER = re.compile(r"(?<![\w&/#-])#\d{1,6}\b")
COMMENT_CHARS_MIN = 15  # fewer say nothing
SLEEPERS = {"time.sleep", "asyncio.sleep", "anyio.sleep"}


def python_files(*folders: str) -> list[str]:
    return [
        path.relative_to(ROOT).as_posix()
        for path in tidy.files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders
    ]


def source(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def comments(name: str) -> dict[int, str]:
    """The comments of a file by line, without what is meant for a tool."""
    tokens = tokenize.generate_tokens(io.StringIO(source(name)).readline)
    found = {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}
    return {line: DIRECTIVE.sub("", text).strip("# ") for line, text in found.items()}


def test_files_and_functions_are_small_and_the_exceptions_only_shrink():
    assert tidy.problems(tidy.sizes(), tidy.read_ratchet()) == []


def test_the_ratchet_names_what_grew_what_shrank_what_is_new_and_what_passes_the_end():
    ratchet = {"grown.py": 310, "shrunk.py": 340, "gone.py": 320, "same.py": 330, "f.py::long": 40}
    found = {"grown.py": 311, "shrunk.py": 305, "same.py": 330, "new.py": 301, "huge.py": 501, "f.py::long": 61}

    told = " ".join(tidy.problems(found, ratchet))

    assert "grown.py has grown from 310 to 311" in told
    assert "shrunk.py has shrunk from 340 to 305" in told
    assert "gone.py is no longer too large" in told
    assert "new.py has 301 lines" in told
    assert "huge.py has 501 lines; 500 is the end" in told
    assert "f.py::long has 61 lines; 60 is the end" in told
    assert "same.py" not in told


def test_the_command_that_lowers_the_ratchet_never_raises_it_and_never_adds_to_it():
    assert tidy.lowered({"a.py": 310, "b.py": 400, "c.py": 301}, {"a.py": 320, "b.py": 390, "gone.py": 310}) == {
        "a.py": 310,
        "b.py": 390,
    }


def test_a_long_function_is_found_inside_a_class_and_inside_a_function(tmp_path: Path):
    body = "".join(f"        value = {number}\n" for number in range(31))
    (tmp_path / "src").mkdir()
    text = f"class Room:\n    def open(self):\n{body}\n\ndef outer():\n    def inner():\n{body}"
    (tmp_path / "src" / "rooms.py").write_text(text)

    assert tidy.sizes(tmp_path) == {
        "src/rooms.py::Room.open": 32,
        "src/rooms.py::outer": 33,
        "src/rooms.py::outer.inner": 32,
    }


def test_every_module_opens_with_why():
    opened = {name: ast.get_docstring(ast.parse(source(name))) or "" for name in python_files("src")}
    mute = [name for name, docstring in opened.items() if not re.match(r"\S[^.!?]*\S[.!?:]", docstring)]
    assert mute == [], "a module's first sentence says what it is for"


def test_no_file_has_a_name_that_says_nothing():
    words = {path: re.split(r"[_.\-]", path.name.lower()) for path in tidy.files()}
    empty = [
        str(path.relative_to(ROOT))
        for path, parts in words.items()
        if any(part.rstrip("s") in FORBIDDEN_NAMES or part in FORBIDDEN_NAMES for part in parts)
    ]
    assert empty == [], "name a file by what it holds"


def silent_catchers(name: str) -> list[str]:
    """Where everything is caught, nothing raised again, and no comment says who handles it."""
    said = comments(name)
    return [
        f"{name}:{node.lineno}"
        for node in ast.walk(ast.parse(source(name)))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
        and not any(len(said.get(node.lineno + offset, "")) >= COMMENT_CHARS_MIN for offset in (-1, 0, 1))
    ]


def test_whoever_catches_everything_says_who_handles_it():
    silent = [place for name in python_files("src", "tests", "docs", "bench") for place in silent_catchers(name)]
    assert silent == []


def test_no_text_names_an_issue_by_number():
    texts = [path for path in tidy.files() if path.suffix != ".css"]
    texts += [path for folder in ("docs", "adr", "changelog.d") for path in (ROOT / folder).rglob("*.md")]
    texts += list(ROOT.glob("*.md"))
    named = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in texts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if ISSUE_NUMBER.search(line) and path != Path(__file__)
    ]
    assert named == [], "a number says nothing to whoever reads this without the tracker"


def sleeps(name: str) -> list[str]:
    """Where a file waits for a time, and not between two looks at a condition. `asyncio.sleep(0)` lets others run."""
    tree = ast.parse(source(name))
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.While) and not isinstance(node.test, ast.Constant)]
    polling = {inner for loop in loops for inner in ast.walk(loop)}
    return [
        f"{name}:{node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in SLEEPERS
        and ast.unparse(node.args[0] if node.args else node) != "0"
        and node not in polling
    ]


def test_no_test_sleeps():
    sleeping = [place for name in python_files("tests") for place in sleeps(name)]
    assert sleeping == [], "wait for a condition with tests.waiting.eventually"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "src/tallyward/ledger/queries").glob("*.sql")), ids=lambda path: path.stem
)
def test_a_query_says_its_purpose_holds_one_statement_and_is_used(path: Path):
    text = path.read_text(encoding="utf-8")
    assert re.match(r"-- [A-Z].*[.;,a-z]\n", text), "the first line says what it is for"
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    assert ";" not in code.rstrip().rstrip(";"), "one statement to a file"
    used = any(f'"{path.stem}"' in source(name) for name in python_files("src"))
    assert used, "nobody asks for this query"
