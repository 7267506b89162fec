"""Seals secrets that must be read again, such as those that forges sign with: encrypted and authenticated (Fernet),
each bound to its tenant, under a key that is not in the database.

The key is TALLY_SECRET_KEY, or a file that is made in the data directory when the first secret is sealed. Several keys,
with commas between them, let one be exchanged for another: the first seals, all of them open.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tallyward.config import Settings
from tallyward.errors import ConfigInvalid
from tallyward.redact import Secret

if TYPE_CHECKING:  # loaded when there is something to seal or to open
    from cryptography.fernet import MultiFernet

KEY_FILE = "secret.key"
_FIELD = "TALLY_SECRET_KEY"


class Seals:
    """The seals of one server."""

    def __init__(self, settings: Settings) -> None:
        self._given = settings.secret_key
        self._file = settings.data_dir / KEY_FILE
        self._fernet: MultiFernet | None = None

    def seal(self, tenant: str, secret: Secret) -> str:
        """The secret as it may be stored. Raises ConfigInvalid where there is no usable key and none can be made."""
        if self._given is None and not self._file.exists():
            self._make_key()
        fernet = self._open()
        assert fernet is not None  # noqa: S101  # there is a key by now
        return fernet.encrypt(msgspec.json.encode([tenant, secret.reveal()])).decode()

    def open(self, tenant: str, sealed: str) -> Secret | None:
        """The secret; None where it was sealed under another key, or for another tenant."""
        from cryptography.fernet import InvalidToken

        fernet = self._open()
        if fernet is None:
            return None
        try:
            whose, secret = msgspec.json.decode(fernet.decrypt(sealed), type=tuple[str, str])
        except InvalidToken:
            return None
        return Secret(secret) if whose == tenant else None

    def _open(self) -> "MultiFernet | None":
        from cryptography.fernet import Fernet, MultiFernet

        if self._fernet is None:
            keys = self._given.reveal() if self._given else self._read_key()
            if keys is None:
                return None
            try:
                self._fernet = MultiFernet([Fernet(key.strip()) for key in keys.split(",") if key.strip()])
            except ValueError as error:
                place = _FIELD if self._given else str(self._file)
                raise ConfigInvalid(f"{place} holds no key: 32 bytes in URL-safe base64.", field=_FIELD) from error
        return self._fernet

    def _read_key(self) -> str | None:
        try:
            return self._file.read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigInvalid(f"The key in {self._file} cannot be read.", field=_FIELD) from error

    def _make_key(self) -> None:
        """Writes a key that only this user may read; whoever is first makes it, and all others use that."""
        from cryptography.fernet import Fernet

        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft = self._file.with_name(f"{KEY_FILE}.{os.getpid()}")
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
                file.write(Fernet.generate_key())
                file.flush()
                os.fsync(file.fileno())
            _put_in_place(draft, self._file)
        except OSError as error:
            raise ConfigInvalid(f"The key {self._file} cannot be written: {error.strerror}.", field=_FIELD) from error


def _put_in_place(draft: Path, target: Path) -> None:
    try:
        os.link(draft, target)
    except FileExistsError:
        return
    finally:
        draft.unlink()
