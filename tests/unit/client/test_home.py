"""The laptop's folder and the small files in it."""

import os
import stat

from tallyward.client import home


def test_the_folder_is_below_home_unless_it_is_named(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    assert home.home_dir({}) == "/home/ann/.tally"
    assert home.home_dir({"TALLY_HOME": "/srv/tally"}) == "/srv/tally"
    monkeypatch.chdir("/usr")
    assert home.home_dir({"TALLY_HOME": "tally"}) == "/usr/tally"


def test_the_environment_goes_before_the_file(tmp_path):
    home.write_object(f"{tmp_path}/config.json", {"server": "http://a", "token": "t", "arg_key": "k"})
    config = home.read_config(str(tmp_path), {"TALLY_SERVER": "http://b"})
    assert (config.server, config.token, config.arg_key, config.engineer_id) == ("http://b", "t", "k", None)


def test_a_missing_or_broken_configuration_is_an_empty_one(tmp_path):
    assert home.read_config(str(tmp_path), {}).server is None
    (tmp_path / "config.json").write_text('{"server": 7, "token": ["x"]')
    assert home.read_config(str(tmp_path), {}).token is None


def test_what_is_written_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "config.json"
    home.write_object(str(path), {"token": "t"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert home.read_object(str(path)) == {"token": "t"}


def test_a_folder_and_the_one_it_is_in_are_for_their_owner_alone(tmp_path):
    root = tmp_path / "new"
    home.make_folder(str(root), "spool")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (root, root / "spool")] == [0o700, 0o700]


def test_a_pipe_or_a_giant_in_place_of_a_file_is_nothing(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "giant").write_bytes(b"x" * (home.FILE_BYTES_MAX + 1))
    assert not home.read_small(str(tmp_path / "pipe"))
    assert home.read_small(str(tmp_path / "giant")) is None
    assert home.read_small(str(tmp_path)) is None
