"""The documentation says what the code does: generated pages are fresh, nothing is undocumented, nothing is made up."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs._reference import cli, config, errors, pages, tables
from tallyward.web.app import CALLS

ROOT = Path(__file__).parent.parent
SOURCES = [path for path in (ROOT / "src").rglob("*.py") if "__pycache__" not in path.parts]
TEXTS = sorted(
    [*ROOT.glob("*.md"), *(path for name in ("docs", "adr", "changelog.d") for path in (ROOT / name).rglob("*.md"))]
)
COMMANDS = dict(cli.commands())
GROUPS = {" ".join(name.split()[:length]) for name in COMMANDS for length in range(1, len(name.split()))}
PROGRAM_FLAGS = {"--help", "--version", "--install-completion", "--show-completion"}

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
VARIABLE = re.compile(r"""(?:environ|env)(?:\.get\(|\[)["']([A-Z][A-Z_]+)["']|["']([A-Z][A-Z_]+)["'] in environ""")
OUR_VARIABLE = re.compile(r"\bTALLY_[A-Z]+(?:_[A-Z]+)*\b")
FAULT_POINT = re.compile(r"\breached\(\"([a-z_.]+)\"\)")
SCRIPT = re.compile(r"\bscripts/([a-z-]+)\b")
NAMED_FILE = re.compile(r"`((?:src|tests|bench|docs|tenants)/[\w/.-]+\.\w+)`")
PROGRAM = re.compile(r"(?:[\w.$/-]*/bin/)?tally")
SUBSTITUTED = re.compile(r"\$\((\S*tally [^)]*)\)")
FRAGMENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.(added|changed|fixed|removed|security)\.md")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", pages.everything(), ids=lambda path: path.name)
def test_a_generated_page_is_fresh(path: Path):
    assert path.is_file(), "run scripts/docs"
    assert text_of(path) == pages.everything()[path](), "run scripts/docs"


def test_every_error_has_the_heading_that_its_answer_names():
    headings = re.findall(r"^### (\w+)$", text_of(pages.REFERENCE / "errors.md"), re.MULTILINE)
    assert sorted(headings) == sorted(kind.code for kind in errors.tree())


def test_every_variable_that_is_read_is_documented():
    read = {name for path in SOURCES for match in VARIABLE.findall(text_of(path)) for name in match if name}
    ours = {name for path in SOURCES for name in OUR_VARIABLE.findall(text_of(path))} - {"TALLY_TEST", "TALLY_COMPLETE"}
    in_tests = {
        name
        for folder in ("tests", "scripts", ".ci")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in ("", ".py")
        for name in re.findall(r"\bTALLY_TEST_[A-Z]+\b", text_of(path))
    }
    assert sorted((read | ours | in_tests) - config.variables()) == []


def test_every_command_and_flag_is_documented():
    page = text_of(pages.REFERENCE / "cli.md")
    missing = [name for name in COMMANDS if f"### {name}\n" not in page]
    missing += [
        f"{name} {flag}"
        for name, command in COMMANDS.items()
        for flag in cli.flags(command)
        if flag != "--help" and f"`{flag}`" not in page.partition(f"### {name}\n")[2].partition("\n### ")[0]
    ]
    assert missing == []


def test_every_call_is_documented():
    page = text_of(pages.REFERENCE / "api.md")
    assert [call.path for call in CALLS if f"`{call.method} {call.path}`" not in page] == []


def test_every_column_says_what_it_means():
    silent = [
        f"{table.name}.{column}"
        for table in tables.tables().values()
        if table.name != "schema_migrations"
        for column in table.columns
        if not table.meanings.get(column, "").endswith(".")
    ]
    assert silent == []


def test_every_fault_point_is_documented_and_no_other():
    marked = {name for path in SOURCES for name in FAULT_POINT.findall(text_of(path))}
    told = set(re.findall(r"^\| `([a-z_.]+)` \|", text_of(ROOT / "docs/how-to/faults.md"), re.MULTILINE))
    assert told == marked


def anchors(path: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them from its headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path: Path) -> Iterator[str]:
    for match in LINK.findall(FENCE.sub("", text_of(path))):
        target = next(filter(None, match))
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = (path.parent / name).resolve() if name else path
        if not place.exists() or (anchor and anchor not in anchors(place)):
            yield f"{short(path)}: {target}"


def test_every_link_leads_somewhere():
    assert [link for path in TEXTS for link in broken_links(path)] == []


def test_every_page_can_be_found_from_the_first_one():
    found, waiting = set(), [ROOT / "README.md", ROOT / "docs" / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in found or path.suffix != ".md":
            continue
        found.add(path)
        targets = (next(filter(None, match)).partition("#")[0] for match in LINK.findall(text_of(path)))
        waiting += [place for name in targets if name and (place := (path.parent / name).resolve()).is_file()]
    assert [short(path) for path in (ROOT / "docs").rglob("*.md") if path not in found] == []


def command_lines(text: str) -> Iterator[str]:
    """Each line that a reader may type which calls `tally`, from shell blocks and from inline code."""
    for language, block in FENCE.findall(text):
        if language in ("sh", "bash", "shell"):
            yield from block.splitlines()
    yield from (code for code in INLINE.findall(FENCE.sub("", text)) if re.match(r"(\S*/)?tally( |$)", code))


def unknown_in(line: str) -> str | None:
    """What a command line names that does not exist."""
    substituted = SUBSTITUTED.search(line)
    if substituted:
        return unknown_in(substituted[1])
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return None  # a line of a longer text
    place = next((at for at, word in enumerate(words) if PROGRAM.fullmatch(word)), None)
    return None if place is None else _unknown_words(words[place + 1 :])


def _unknown_words(words: list[str]) -> str | None:
    name = "tally"
    while words and f"{name} {words[0]}" in GROUPS | set(COMMANDS):
        name = f"{name} {words.pop(0)}"
    ours = words[: words.index("--")] if "--" in words else words  # past it is another program's command line
    flags = [word.partition("=")[0] for word in ours if word.startswith("--")]
    if name in COMMANDS:
        return next((f"{name} {flag}" for flag in flags if flag not in cli.flags(COMMANDS[name])), None)
    rest = [word for word in words if re.fullmatch(r"[a-z][a-z|-]*", word)]
    if rest and not all(f"{name} {choice}" in GROUPS | set(COMMANDS) for choice in rest[0].split("|")):
        return f"{name} {rest[0]}"
    return next((f"{name} {flag}" for flag in flags if flag not in PROGRAM_FLAGS), None)


def test_every_command_that_a_text_shows_exists():
    shown = [(path, line) for path in TEXTS for line in command_lines(text_of(path))]
    assert len(shown) > 20
    assert [f"{short(path)}: {unknown}" for path, line in shown if (unknown := unknown_in(line))] == []


def test_every_command_that_an_error_recommends_exists():
    remedies = {kind.code: [kind.remedy, errors.sentence(kind)] for kind in errors.tree()}
    lines = {code: [line for text in texts for line in command_lines(text)] for code, texts in remedies.items()}
    assert [f"{code}: {what}" for code, told in lines.items() for line in told if (what := unknown_in(line))] == []


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("tally serve --sample", None),
        ("TALLY_HOME=/tmp .venv/bin/tally token create --name x --scope read --json", None),
        ('psql "$(tally db url --data .data)" -c "SELECT 1"', None),
        ("tally token create|list|revoke", None),
        ("echo nothing of ours", None),
        ("tally srve", "tally srve"),
        ("tally serve --prot 1", "tally serve --prot"),
        ("tally token mint", "tally token mint"),
        ('psql "$(tally db uri)"', "tally db uri"),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(line: str, unknown: str | None):
    assert unknown_in(line) == unknown


def test_every_file_that_an_error_or_a_text_points_to_is_there():
    pointed = {name for kind in errors.tree() for name in re.findall(r"docs/[\w/.-]+\.md", kind.remedy)}
    scripts = {f"scripts/{name}" for path in TEXTS for name in SCRIPT.findall(text_of(path))}
    files = {name for path in TEXTS for name in NAMED_FILE.findall(text_of(path))}
    assert [name for name in sorted(pointed | scripts | files) if not (ROOT / name).exists()] == []


def test_a_note_for_the_changelog_is_well_formed():
    fragments = [path for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    assert fragments
    for path in fragments:
        lines = text_of(path).splitlines()
        assert FRAGMENT.fullmatch(path.name), f"{path.name} is not <topic>.<kind>.md"
        assert lines, f"{path.name} is empty"
        for line in lines:
            assert re.fullmatch(r"[A-Z`\[].*[.!]", line), f"{path.name}: whole sentences, one to a line: {line!r}"


def test_decisions_are_numbered_without_gaps_and_say_their_status():
    decisions = sorted((ROOT / "adr").glob("*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        text = text_of(path)
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        assert re.search(r"^Status: (accepted|replaced by)", text, re.MULTILINE), path.name
        assert "\n## Consequences\n" in text, path.name


def test_the_example_tenant_is_a_tenant_with_the_defaults():
    from tallyward.domain.tenant import TenantConfig
    from tallyward.services.tenants import read_config

    example = read_config(ROOT / "tenants" / "example" / "tenant.toml")
    assert example == TenantConfig(label=example.label)
