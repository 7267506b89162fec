"""Plug-ins are found by being there, each says what it is, and each has a test of the same name."""

import os
import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tallyward import accept, capture, forges, metrics, webhooks
from tallyward.accept._base import Check
from tallyward.capture._base import CaptureSource
from tallyward.cli import checks
from tallyward.cli.checks._base import DoctorCheck
from tallyward.forges._base import Forge
from tallyward.metrics._base import Metric
from tallyward.plugins import found
from tallyward.services.asked import FILTERS
from tallyward.webhooks._base import Sender

ROOT = Path(__file__).parent.parent
FOLDERS: dict[str, tuple[ModuleType, type, str]] = {
    "metrics": (metrics, Metric, "tests/ledger/metrics"),
    "capture": (capture, CaptureSource, "tests/unit/capture"),
    "accept": (accept, Check, "tests/unit/accept"),
    "forges": (forges, Forge, "tests/forges"),
    "webhooks": (webhooks, Sender, "tests/unit/webhooks"),
    "cli/checks": (checks, DoctorCheck, "tests/unit/cli/checks"),
}
METRICS = found(metrics, Metric)
PARAMETER = re.compile(r"%\((\w+)\)s")


def files(package: ModuleType) -> set[str]:
    return {path.stem for path in Path(package.__path__[0]).glob("*.py") if not path.name.startswith("_")}


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_file_of_a_folder_is_one_plug_in(folder: str):
    package, kind, _ = FOLDERS[folder]
    assert set(found(package, kind)) == files(package)
    assert files(package)


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_plug_in_has_a_test_of_its_name_and_says_what_it_is_for(folder: str):
    package, kind, tests = FOLDERS[folder]
    for name, plugin in found(package, kind).items():
        test = ROOT / tests / f"test_{name}.py"
        assert test.is_file(), f"{folder}/{name}.py has no test; write {test.relative_to(ROOT)}"
        assert f"{package.__name__}.{name}" in test.read_text("utf-8") or f"import {name}" in test.read_text("utf-8")
        assert (plugin.__doc__ or "").strip().endswith("."), f"{plugin.__name__} says nothing of itself"
        assert (sys.modules[plugin.__module__].__doc__ or "").strip(), f"{name}.py opens without a why"


@pytest.mark.parametrize("name", METRICS)
def test_a_measure_says_its_unit_its_caveat_and_when_there_is_no_number(name: str):
    metric = METRICS[name]
    for said in (metric.title, metric.unit, metric.caveat, metric.undefined_when):
        assert said.strip()


@pytest.mark.parametrize("name", METRICS)
def test_a_measure_is_one_select_of_one_tenant_with_the_parameters_it_names(name: str):
    sql = METRICS[name].statement(FILTERS)
    assert sql.split()[0] in ("SELECT", "WITH")
    assert ";" not in sql
    assert "tally_tenant()" in sql, "the index begins with the tenant"
    window = {"since", "until", "kinds", "tz", *FILTERS}
    assert set(PARAMETER.findall(sql)) - window == set(METRICS[name].parameters) - window
    assert not re.search(r"\b(INSERT|UPDATE|DELETE|TRUNCATE|DROP|ALTER|CREATE)\b", sql, re.IGNORECASE)


def test_every_source_names_the_program_that_it_listens_to():
    sources = found(capture, CaptureSource)
    programs = [source.program for source in sources.values()]
    assert all(programs)
    assert len(set(programs)) == len(programs)


Plant = Callable[..., ModuleType]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """Makes a package of plug-ins on disk, importable until the end of the test."""
    name = f"planted_{os.urandom(4).hex()}"  # of a name that no other test has imported

    def planted(**modules: str) -> ModuleType:
        (tmp_path / name).mkdir()
        for module, text in {"__init__": "", **modules}.items():
            whole = f"from tallyward.metrics._base import Metric\n{text}\n"
            (tmp_path / name / f"{module}.py").write_text(whole)
        monkeypatch.syspath_prepend(str(tmp_path))
        return import_module(name)

    yield planted
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


def test_a_file_that_is_put_there_is_found_and_a_private_one_is_not(plant: Plant):
    package = plant(alone="class Alone(Metric): ...", _base="class Base(Metric): ...")
    assert [(name, plugin.__name__) for name, plugin in found(package, Metric).items()] == [("alone", "Alone")]


@pytest.mark.parametrize("text", ["", "class One(Metric): ...\nclass Two(Metric): ...", "from math import pi"])
def test_a_file_without_exactly_one_plug_in_is_refused_by_name(plant: Plant, text: str):
    package = plant(odd=text)
    with pytest.raises(TypeError, match=r"odd holds [02] subclasses of Metric"):
        found(package, Metric)
