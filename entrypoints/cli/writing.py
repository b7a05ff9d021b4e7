"""Files that commands write: never over the memory that they read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import click

from ..settings import Settings
from .options import database_path

_BESIDE_DATABASE: Final = ("", "-wal", "-shm", "-journal")
"""What SQLite appends to the name of a database for the files beside it."""


def check_output(path: str, settings: Settings, *, option: str) -> None:
    """Refuses a file that cannot be written, or must not be: the database, however it is named.

    Args:
        option: the one that names the file, for the error.

    Raises:
        click.UsageError: it says what to mend.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise click.UsageError(f"{option} {path} is a folder: name a file in it")
    database = database_path(settings)
    if database is not None and any(
        _same(target, Path(os.path.realpath(database) + suffix)) for suffix in _BESIDE_DATABASE
    ):
        raise click.UsageError(
            f"{option} {path} is the database itself, or a file that belongs to it: name another one"
        )
    if not target.parent.is_dir():
        missing = "is no folder" if target.parent.exists() else "does not exist"
        raise click.UsageError(f"{option} {path}: the folder {target.parent} {missing}")


@contextmanager
def whole_file(path: str) -> Iterator[TextIO]:
    """A file that only its owner may read and that is there complete or not at all; a link is followed."""
    target = Path(os.path.realpath(path))
    try:
        # A name that is nobody's: `target.part` could be somebody's file, even the database.
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f"{target.stem[:64]}-", suffix=".part")
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from error
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _same(one: Path, other: Path) -> bool:
    """Whether two paths without links in them mean one file, be it there or not."""
    return one == other or (one.exists() and other.exists() and one.samefile(other))
