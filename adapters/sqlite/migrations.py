"""The schema's versions. ``user_version`` of the file says which one it has.

A version is never edited once it was released: the next one changes it.
"""

from __future__ import annotations

import importlib.resources
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import attrs

from ...domain.errors import ConfigurationError, MigrationError
from .connections import APPLICATION_ID


@attrs.frozen
class Migration:
    """What leads from the version before to this one: scripts in the folder ``schema``, in their order."""

    version: int
    scripts: tuple[str, ...]


MIGRATIONS = (
    Migration(
        version=1,
        scripts=("archive.sql", "outbox.sql", "recent_cache.sql", "lexical.sql", "summaries.sql", "graph.sql"),
    ),
    Migration(version=2, scripts=("import_runs.sql",)),
)
SCHEMA_VERSION = MIGRATIONS[-1].version


def checked_version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the file; 0 for a new one.

    Raises:
        ConfigurationError: it is newer than this code.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise ConfigurationError(
            f"{path} has schema version {version}, this talktiers knows {SCHEMA_VERSION}: upgrade talktiers"
        )
    return int(version)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Brings the file to `SCHEMA_VERSION` in one transaction. Safe when several processes start at once.

    Raises:
        ConfigurationError: the file is of a newer version than this code.
        MigrationError: a script is missing from the installation.
    """
    if checked_version(connection, path) == SCHEMA_VERSION:
        return
    connection.execute("BEGIN EXCLUSIVE")
    try:
        version = checked_version(connection, path)
        for migration in MIGRATIONS:
            if migration.version > version:
                for script in migration.scripts:
                    for statement in _statements(script):
                        connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; ``executescript`` would commit the transaction first."""
    resource = importlib.resources.files(__name__.rpartition(".")[0]) / "schema" / script
    try:
        text = resource.read_text("utf-8")
    except FileNotFoundError as error:
        raise MigrationError(f"schema/{script} is missing from this installation: install talktiers again") from error
    statement = ""
    for part in text.split(";"):
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            if _is_code(statement):
                yield statement
            statement = ""


def _is_code(statement: str) -> bool:
    lines = (line.strip() for line in statement.rstrip(";").splitlines())
    return any(line and not line.startswith("--") for line in lines)
