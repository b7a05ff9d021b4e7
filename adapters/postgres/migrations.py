"""The schema's versions, in one numbered sequence; the table ``schema_versions`` holds those that are there.

A version is never edited once it was released: the next one changes it.
"""

from __future__ import annotations

import importlib.resources

import attrs

from ...domain.errors import BackendMisconfigured, MigrationError
from .errors import BACKEND
from .session import Connection


@attrs.frozen
class Migration:
    """What leads from the version before to this one: a script in the folder ``schema``."""

    version: int
    script: str


MIGRATIONS = (
    Migration(1, "0001_archive.sql"),
    Migration(2, "0002_lexical.sql"),
    Migration(3, "0003_import_runs.sql"),
)
SCHEMA_VERSION = MIGRATIONS[-1].version

TIMEOUT_S = 60.0
"""For one statement: it may wait for another process that migrates, or rewrite a large table."""

_LOCK = "SELECT pg_advisory_xact_lock(hashtext('talktiers'), hashtext($1))"
_EXISTS = "SELECT to_regnamespace(quote_ident($1)) IS NOT NULL"
_VERSIONED = "SELECT to_regclass('schema_versions') IS NOT NULL"
_VERSION = "SELECT coalesce(max(version), 0) FROM schema_versions"
_CREATE_VERSIONS = """
CREATE TABLE IF NOT EXISTS schema_versions (
    version integer PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
_NOTE = "INSERT INTO schema_versions (version) VALUES ($1)"


async def migrate(connection: Connection, *, schema: str, address: str) -> int:
    """Brings a schema to `SCHEMA_VERSION` in one transaction, and returns that. Safe when several processes start at once.

    Args:
        schema: the first of the connection's ``search_path``, a checked name; created if it is missing.

    Raises:
        BackendMisconfigured: it is newer than this code.
        MigrationError: a script is missing from the installation.
    """
    if await _version(connection, address=address) == SCHEMA_VERSION:
        return SCHEMA_VERSION
    async with connection.transaction():
        await connection.execute(_LOCK, schema, timeout=TIMEOUT_S)
        # Not IF NOT EXISTS alone: that asks for the right to create one even where it exists.
        if not await connection.fetchval(_EXISTS, schema):
            await connection.execute(f'CREATE SCHEMA "{schema}"')
        await connection.execute(_CREATE_VERSIONS)
        present = await _version(connection, address=address)
        for migration in MIGRATIONS:
            if migration.version > present:
                await connection.execute(_script(migration), timeout=TIMEOUT_S)
                await connection.execute(_NOTE, migration.version)
    return SCHEMA_VERSION


async def _version(connection: Connection, *, address: str) -> int:
    if not await connection.fetchval(_VERSIONED):
        return 0
    version = int(await connection.fetchval(_VERSION))
    if version > SCHEMA_VERSION:
        raise BackendMisconfigured(
            BACKEND,
            "check",
            f"{address} has schema version {version}, this talktiers knows {SCHEMA_VERSION}: upgrade talktiers",
        )
    return version


def _script(migration: Migration) -> str:
    resource = importlib.resources.files(__name__.rpartition(".")[0]) / "schema" / migration.script
    try:
        return resource.read_text("utf-8")
    except FileNotFoundError as error:
        raise MigrationError(
            f"schema/{migration.script} is missing from this installation: install talktiers again"
        ) from error
