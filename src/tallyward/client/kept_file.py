"""A file of somebody else's that we change, and give back as it was.

It is written whole or not at all, with the mode it had, and its original bytes are kept. If nobody else has changed it
since, exactly those bytes come back.
"""

import base64
import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tallyward.client import home
from tallyward.errors import SettingsUnreadable


@dataclass
class Backup:
    """The file as it was, and the digest of what we made of it."""

    path: str
    original: str | None = None
    written_digest: str = ""
    made_folders: list[str] = field(default_factory=list[str])


class KeptFile:
    """The file at `path`; its backup is under `root`, the laptop's folder, by the program's name."""

    def __init__(self, path: Path, root: str, program: str) -> None:
        self.path = Path(os.path.realpath(path))  # a link stays a link; its target is what is changed
        self.root = root
        name = hashlib.sha256(str(self.path).encode()).hexdigest()[:16]
        self.backup_path = Path(root) / "backups" / f"{program}-{name}.json"

    def read(self) -> bytes | None:
        """What is in it; None if there is no such file."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SettingsUnreadable(f"{self.path} cannot be read: {error.strerror}.") from error

    def change(self, raw: bytes | None, content: bytes, rest: bytes | None) -> None:
        """Put `content` in the place of `raw`, what is in it now.

        `rest` is `raw` without what is ours: what there was before us, unless `raw` is our own work.
        """
        backup = self._backup()
        if backup is None or _digest(raw) != backup.written_digest:
            backup = Backup(str(self.path), None if rest is None else base64.b64encode(rest).decode())
        backup.made_folders += self._make_folders()
        backup.written_digest = _digest(content)
        home.make_folder(self.root, "backups")
        home.write_object(str(self.backup_path), asdict(backup))
        self._replace(content)

    def restore(self, raw: bytes | None) -> bool:
        """Give the original bytes back, if `raw` is as we left it. Whether it was."""
        backup = self._backup()
        if backup is None or _digest(raw) != backup.written_digest:
            return False
        if backup.original is not None:
            self._replace(base64.b64decode(backup.original))
        else:
            self._remove(backup)
        self.backup_path.unlink(missing_ok=True)
        return True

    def leave(self, content: bytes) -> None:
        """Put what is no longer ours in its place, and forget what it was before us."""
        self._replace(content)
        self.backup_path.unlink(missing_ok=True)

    def _make_folders(self) -> list[str]:
        """The folders that had to be made for the file, innermost first."""
        made = [str(folder) for folder in self.path.parents if not folder.exists()]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsUnreadable(f"{self.path.parent} cannot be made: {error.strerror}.") from error
        return made

    def _replace(self, content: bytes) -> None:
        """Put `content` in the file's place, whole or not at all, with the mode it had."""
        aside = self.path.with_name(f".{self.path.name}.{os.getpid()}.new")
        try:
            if self.path.exists() and not os.access(self.path, os.W_OK):
                raise PermissionError(None, "it is read-only")
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if self.path.exists():
                aside.chmod(self.path.stat().st_mode & 0o7777)
            aside.replace(self.path)
        except OSError as error:
            aside.unlink(missing_ok=True)
            raise SettingsUnreadable(f"{self.path} cannot be written: {error.strerror}.") from error

    def _remove(self, backup: Backup) -> None:
        """Remove the file that was not there before us, and its folders if they are still empty."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise SettingsUnreadable(f"{self.path} cannot be removed: {error.strerror}.") from error
        for folder in backup.made_folders:
            try:
                Path(folder).rmdir()
            except OSError:
                return  # Somebody has put something into it since: it stays.

    def _backup(self) -> Backup | None:
        try:
            return Backup(**json.loads(self.backup_path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None  # None was made, or it is broken: then only our entries are taken out.


def _digest(raw: bytes | None) -> str:
    return "none" if raw is None else hashlib.sha256(raw).hexdigest()
