"""A file's whole lines in slices, from where the last reading stopped, in memory that does not grow with the file.

A line that the program is still writing is held back: it is read when it is whole. A line too long to be a record is
passed over and counted. Files compressed with zstd are read too where a library for it is installed.
"""

import io
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Self, cast

LINE_BYTES_MAX = 8 * 1024 * 1024  # a record with a large image in it; more is no record
DOCUMENT_BYTES_MAX = 64 * 1024 * 1024  # rollouts of the first versions are one object each
BUFFER_BYTES = 256 * 1024


class Unreadable(Exception):
    """This file cannot be read, or not to its end. Caught and counted, never shown as an error."""


class Lines:
    """`with Lines(path, offset) as lines:` opens a file; `slice` gives its next lines."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path = path
        self.offset = offset  # up to here everything was given
        self.ended = False
        self.held_back = False
        self.too_long = 0
        self._file: BinaryIO | None = None
        self._failures: tuple[type[Exception], ...] = (OSError, EOFError, ValueError)

    def __enter__(self) -> Self:
        try:
            if self.path.suffix == ".zst":
                self._failures += (_zstd().ZstdError,)
                self._file = cast("BinaryIO", io.BufferedReader(_zstd().open(self.path, "rb"), BUFFER_BYTES))
            else:
                self._file = self.path.open("rb", buffering=BUFFER_BYTES)
            self._file.seek(self.offset)
        except self._failures as error:
            raise Unreadable(str(error)) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def slice(self, bytes_max: int) -> Iterator[bytes]:
        """Whole lines, until that many bytes were read or the file ends."""
        file = cast("BinaryIO", self._file)
        limit = self.offset + bytes_max
        try:
            while self.offset < limit and not self.ended:
                raw = file.readline(LINE_BYTES_MAX)
                if raw.endswith(b"\n"):
                    self.offset += len(raw)
                    yield raw
                elif len(raw) < LINE_BYTES_MAX:
                    yield from self._last(raw)
                else:
                    self._pass_over(file, len(raw))
        except self._failures as error:
            raise Unreadable(str(error)) from error

    def _last(self, raw: bytes) -> Iterator[bytes]:
        """What stands after the last line break: a record if it is a whole one, else somebody is writing it."""
        self.ended = True
        if not raw:
            return
        try:
            json.loads(raw)
        except (ValueError, RecursionError):
            self.held_back = True
            return
        self.offset += len(raw)
        yield raw

    def _pass_over(self, file: BinaryIO, size: int) -> None:
        """Find the end of a line that is too long. Without one it is still being written, and held back."""
        while True:
            raw = file.readline(BUFFER_BYTES)
            size += len(raw)
            if raw.endswith(b"\n"):
                self.too_long += 1
                self.offset += size
                return
            if not raw:
                self.ended = self.held_back = True
                return


def document(path: Path) -> bytes:
    """The whole of a file that is one object."""
    try:
        with path.open("rb") as file:
            raw = file.read(DOCUMENT_BYTES_MAX + 1)
    except OSError as error:
        raise Unreadable(str(error)) from error
    if len(raw) > DOCUMENT_BYTES_MAX:
        raise Unreadable("it is too large for one object")
    return raw


def can_decompress() -> bool:
    """Whether a library for zstd is installed."""
    try:
        _zstd()
    except ImportError:
        return False
    return True


def _zstd():  # noqa: ANN202  # two modules of one shape, and no type for either
    """Python's own from 3.14 on, else its backport."""
    try:
        return import_module("compression.zstd")
    except ImportError:
        return import_module("backports.zstd")
