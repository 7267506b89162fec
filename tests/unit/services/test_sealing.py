"""Seals: what is sealed opens under its key, for its tenant, and for nobody else."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tallyward.config import Settings
from tallyward.errors import ConfigInvalid
from tallyward.redact import Secret
from tallyward.services.sealing import Seals

SECRET = "a secret of some forge"


def test_a_key_file_is_made_for_its_user_alone_and_read_by_the_next(tmp_path: Path) -> None:
    made = Seals(Settings(data_dir=tmp_path / "data")).seal("default", Secret(SECRET))
    file = tmp_path / "data" / "secret.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["secret.key"]
    assert Seals(Settings(data_dir=tmp_path / "data")).open("default", made) == Secret(SECRET)
    assert Seals(Settings(data_dir=tmp_path / "elsewhere")).open("default", made) is None
    both = f"{Fernet.generate_key().decode()},{file.read_text()}"
    assert Seals(Settings(data_dir=tmp_path, secret_key=Secret(both))).open("default", made) == Secret(SECRET)


@pytest.mark.parametrize("key", ["short", "no key at all, and far too long to be one of 32 bytes", "é"])
def test_what_is_no_key_is_refused_by_the_name_of_its_variable(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        Seals(Settings(data_dir=tmp_path, secret_key=Secret(key))).seal("default", Secret(SECRET))
    assert refused.value.field == "TALLY_SECRET_KEY"
    assert key not in refused.value.message


def test_a_changed_seal_does_not_open(tmp_path: Path) -> None:
    seals = Seals(Settings(data_dir=tmp_path))
    sealed = seals.seal("default", Secret(SECRET))
    assert seals.open("default", sealed[:-6] + "AAAA==") is None
    assert seals.open("default", "") is None
