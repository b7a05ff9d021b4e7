"""The files of an export: one by itself, those of a folder, those of a ZIP archive."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import attrs

from ...domain.errors import MigrationError
from .json_items import BrokenJson, JsonItem, json_items

ANY_JSON: Final = re.compile(r".*\.json", re.IGNORECASE)

_NUMBER: Final = re.compile(r"(\d+)")
_APPLE_DOUBLE: Final = "__MACOSX/"
_BROKEN_ARCHIVE: Final = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError)
"""What reading an archive raises: damaged, encrypted, packed in a way that is not known, cut off."""


@attrs.frozen(kw_only=True)
class ExportFile:
    """A file of an export.

    Attributes:
        name: within the export, for people.
        path: of the file, or of the archive that holds it.
        member: its name in the archive; ``None``: it is in none.
    """

    name: str
    path: Path
    size_bytes: int
    member: str | None = None

    def items(self) -> Iterator[JsonItem]:
        """What the file holds, as `json_items`.

        Raises:
            BrokenJson: it cannot be read, or not any further.
        """
        try:
            with self._open() as stream:
                yield from json_items(stream)
        except OSError as error:
            raise BrokenJson(f"it cannot be read: {error.strerror or error}", truncated=False) from error
        except _BROKEN_ARCHIVE as error:
            raise BrokenJson(f"the archive cannot be read: {error}", truncated=False) from error

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        if self.member is None:
            with self.path.open("rb") as file:
                yield file
            return
        with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as file:
            yield _binary(file)


def _binary(file: object) -> BinaryIO:
    return file  # type: ignore[return-value]  # it reads bytes, which is all that is asked of it


def export_files(path: str, *, wanted: re.Pattern[str] = ANY_JSON) -> Sequence[ExportFile]:
    """The files that a path means, numbers in their names in the order of the numbers; at least one.

    Args:
        path: of a file, which is taken whatever its name is, of a folder, or of a ZIP archive.
        wanted: names of the files that are taken from a folder or archive, without the folders they are in.

    Raises:
        MigrationError: there is none.
    """
    place = Path(path)
    try:
        if place.is_dir():
            found = [
                ExportFile(name=str(file.relative_to(place)), path=file, size_bytes=file.stat().st_size)
                for file in place.rglob("*")
                if wanted.fullmatch(file.name) and file.is_file()
            ]
        elif not place.exists():
            raise MigrationError(f"{path} does not exist")
        elif zipfile.is_zipfile(place):
            found = _packed(place, wanted)
        else:
            return [ExportFile(name=place.name, path=place, size_bytes=place.stat().st_size)]
    except OSError as error:
        raise MigrationError(f"cannot read {path}: {error.strerror}") from error
    except _BROKEN_ARCHIVE as error:
        raise MigrationError(f"cannot read the archive {path}: {error}") from error
    if not found:
        raise MigrationError(f"{path} holds no file whose name fits {wanted.pattern}")
    return sorted(found, key=lambda file: _natural(file.name))


def _packed(archive_path: Path, wanted: re.Pattern[str]) -> list[ExportFile]:
    with zipfile.ZipFile(archive_path) as archive:
        return [
            ExportFile(name=info.filename, path=archive_path, size_bytes=info.file_size, member=info.filename)
            for info in archive.infolist()
            if wanted.fullmatch(info.filename.rpartition("/")[2])
            and not info.is_dir()
            and not info.filename.startswith(_APPLE_DOUBLE)
        ]


def _natural(name: str) -> list[tuple[int, str]]:
    """So that part 10 comes after part 9."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in _NUMBER.split(name)]
