"""Settings: flag before environment before default, and a bad one is named."""

from pathlib import Path

import pytest

from tallyward import config
from tallyward.errors import ConfigInvalid


def test_without_anything_said_it_serves_this_machine_alone() -> None:
    settings = config.load(environ={"XDG_DATA_HOME": "/data"})
    assert (settings.host, settings.port, settings.sample, settings.database) == ("127.0.0.1", 8787, False, None)
    assert settings.data_dir == Path("/data/tallyward")


def test_without_a_data_home_the_data_is_below_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/amy")
    assert config.load(environ={}).data_dir == Path("/home/amy/.local/share/tallyward")


def test_a_flag_goes_before_the_environment(tmp_path: Path) -> None:
    environ = {
        "TALLY_DATA": "/env", "TALLY_DATABASE": "postgresql://env", "TALLY_HOST": "::1", "TALLY_PORT": "1",
        "TALLY_TENANTS": str(tmp_path),
    }  # fmt: skip
    told = config.load(environ=environ)
    assert (told.data_dir, told.host, told.port, told.tenants_dir) == (Path("/env"), "::1", 1, tmp_path)
    assert told.database is not None
    assert told.database.reveal() == "postgresql://env"
    flags = config.load(data=Path("/flag"), database="postgres://flag", host="h", port=0, environ=environ)
    assert (flags.data_dir, flags.host, flags.port) == (Path("/flag"), "h", 0)
    assert flags.database is not None
    assert flags.database.reveal() == "postgres://flag"


def test_an_empty_variable_is_as_none() -> None:
    environ = dict.fromkeys(config.SERVER_VARIABLES, "")
    assert config.load(environ={**environ, "XDG_DATA_HOME": "/d"}) == config.load(environ={"XDG_DATA_HOME": "/d"})


@pytest.mark.parametrize("port", ["-1", "65536", "http", "8 787", "٨٧٨٧", "1e3", "8_787"])
def test_a_port_that_is_none_is_named(port: str) -> None:
    with pytest.raises(ConfigInvalid, match="TALLY_PORT") as caught:
        config.load(environ={"TALLY_PORT": port})
    assert caught.value.field == "TALLY_PORT"


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite:///x", "host=h dbname=d", "http://h"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(ConfigInvalid, match="postgresql://"):
        config.load(database=url, environ={})


def test_a_folder_of_tenants_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="missing"):
        config.load(tenants=tmp_path / "missing", environ={})


def test_the_password_of_the_database_does_not_print() -> None:
    assert "hunter2" not in repr(config.load(database="postgresql://u:hunter2@h/d", environ={}))


def test_a_misspelt_variable_is_noticed_and_those_of_others_are_not() -> None:
    environ = dict.fromkeys(["TALLY_DTA", "TALLY_DATA", "TALLY_HOME", "TALLY_TEST_DATABASE", "HOME", "TALLY_PROT"], "x")
    assert config.unknown_variables(environ) == ["TALLY_DTA", "TALLY_PROT"]
