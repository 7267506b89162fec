"""SQL stands in files of its own: one statement each, which says what it is for, and is used."""

import re
from pathlib import Path

import pytest

from tallyward.ledger import queries
from tallyward.ledger.queries import statement

SOURCES = Path(queries.__file__).parent.parent.parent
NAMES = sorted(path.stem for path in Path(queries.__file__).parent.glob("*.sql"))


def code() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_statement_says_what_it_is_for_and_is_the_only_one_in_its_file(name: str) -> None:
    text = statement(name)
    body = re.sub(r"--[^\n]*|'[^']*'", "", text)
    assert text.startswith("-- ")
    assert body.rstrip().rstrip(";").count(";") == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_statement_is_used_by_somebody(name: str) -> None:
    assert f'"{name}"' in code()


def test_no_statement_is_asked_for_that_is_not_there() -> None:
    asked = set(re.findall(r'(?:fetch_all\([^,]+, |\.query\([^,]+, |statement\()"(\w+)"', code()))
    assert asked <= set(NAMES)
    assert len(asked) > 5
