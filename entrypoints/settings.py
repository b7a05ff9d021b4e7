"""Settings: frozen values with defaults that work, and their invariants. How they are read stands in `configuration`."""

from __future__ import annotations

import math
from typing import Any, Literal

import attrs

from ..domain.context_budget import DEFAULT_MAX_CHARS, ContextShares
from ..domain.errors import ConfigurationError
from ..domain.identifiers import DEFAULT_TENANT_ID
from ..domain.legacy_records import GLOBAL_USER_ID
from ..domain.place import PrivacyPolicy

OFF = "off"


def _at_least(minimum: float) -> Any:
    def check(_: object, field: attrs.Attribute[Any], value: float) -> None:
        if not minimum <= value < math.inf:
            raise ConfigurationError(f"{field.name} is {value}; it must be a number of at least {minimum}")

    return check


_POSITIVE = _at_least(1)
_ABOVE_ZERO = _at_least(0.001)


@attrs.frozen(kw_only=True)
class SqliteSettings:
    """The one file of the embedded tiers.

    Attributes:
        path: the database file; created when it does not exist, its folder must.
        synchronous: ``FULL``: an acknowledged conversation survives a power cut. ``NORMAL``: it survives a crash of
            the process, and stores are faster.
        busy_timeout_s: how long to wait for another process's commit.
        readers: reading threads.
    """

    path: str = "talktiers.db"
    synchronous: Literal["FULL", "NORMAL"] = "FULL"
    busy_timeout_s: float = attrs.field(default=5.0, validator=_ABOVE_ZERO)
    readers: int = attrs.field(default=2, validator=_POSITIVE)


def _address_alone(url: str) -> str:
    """An address as it may be shown: without user and password."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return repr(f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}")


def _hidden(secret: str | None) -> str:
    return "None" if secret is None else "'…'"


@attrs.frozen(kw_only=True)
class RedisSettings:
    """The Redis server of the cache.

    Attributes:
        url: ``redis://user:password@host:port/database``; ``rediss://`` for TLS.
        key_prefix: of every key, so that several memories can share a server.
        timeout_s: of a call.
        ca_file: certificates to trust instead of the system's; for ``rediss://``.
    """

    url: str = attrs.field(default="redis://127.0.0.1:6379/0", repr=_address_alone)
    key_prefix: str = "talktiers"
    pool_size: int = attrs.field(default=16, validator=_POSITIVE)
    timeout_s: float = attrs.field(default=1.0, validator=_ABOVE_ZERO)
    ca_file: str | None = None


@attrs.frozen(kw_only=True)
class PostgresSettings:
    """The PostgreSQL server of archive and lexical index.

    Attributes:
        url: ``postgresql://user:password@host:port/database``.
        schema: PostgreSQL's, which holds the tables; created when it does not exist.
        timeout_s: of a call.
        ca_file: certificates to trust instead of the system's.
        allow_unsafe_commit: whether a server with ``synchronous_commit = off`` is used, which loses acknowledged
            conversations when it crashes.
    """

    url: str = attrs.field(default="postgresql://127.0.0.1:5432/talktiers", repr=_address_alone)
    schema: str = "talktiers"
    pool_size: int = attrs.field(default=10, validator=_POSITIVE)
    timeout_s: float = attrs.field(default=5.0, validator=_ABOVE_ZERO)
    ca_file: str | None = None
    allow_unsafe_commit: bool = False


@attrs.frozen(kw_only=True)
class ChromaSettings:
    """The Chroma server of the summaries.

    Attributes:
        url: ``http://host:port`` or ``https://host:port``.
        token: sent as a bearer token.
        tenant, database: Chroma's own.
        prefix: of every collection, so that several memories can share a database.
        collections: over how many of them users are spread; with another number the tier is built anew.
        store_text: whether the summaries' texts are stored there.
        timeout_s: of a call.
        ca_file: certificates to trust instead of the system's; for ``https://``.
    """

    url: str = attrs.field(default="http://127.0.0.1:8000", repr=_address_alone)
    token: str | None = attrs.field(default=None, repr=_hidden)
    tenant: str = "default_tenant"
    database: str = "default_database"
    prefix: str = "talktiers"
    collections: int = attrs.field(default=100, validator=_POSITIVE)
    store_text: bool = True
    timeout_s: float = attrs.field(default=5.0, validator=_ABOVE_ZERO)
    ca_file: str | None = None


@attrs.frozen(kw_only=True)
class Neo4jSettings:
    """The Bolt server of the graph.

    Attributes:
        url: ``bolt://host:port`` or ``neo4j://host:port``; ``bolt+s://`` and ``neo4j+s://`` for TLS.
        user, password: none where the server asks for none.
        database: ``None``: the user's own.
        namespace: part of every node, so that several memories can share a database.
        timeout_s: of a call.
        ca_file: certificates to trust instead of the system's.
    """

    url: str = attrs.field(default="bolt://127.0.0.1:7687", repr=_address_alone)
    user: str | None = None
    password: str | None = attrs.field(default=None, repr=_hidden)
    database: str | None = None
    namespace: str = ""
    pool_size: int = attrs.field(default=16, validator=_POSITIVE)
    timeout_s: float = attrs.field(default=5.0, validator=_ABOVE_ZERO)
    ca_file: str | None = None


@attrs.frozen(kw_only=True)
class ArraysSettings:
    """What the indexes keep in memory of the users who ask, whichever their backends; the least used goes first."""

    memory_mb: int = attrs.field(default=160, validator=_POSITIVE)


@attrs.frozen(kw_only=True)
class ArchiveSettings:
    """Tier 2. It cannot be switched off."""

    backend: str = "sqlite"


@attrs.frozen(kw_only=True)
class CacheSettings:
    """Tier 1: the last ``size`` conversations of a window, for ``ttl_s`` seconds after the last one.

    Attributes:
        backend: ``in_memory`` only where one process uses the memory: it does not hear what another one stores.
    """

    backend: str = "sqlite"
    size: int = attrs.field(default=20, validator=_POSITIVE)
    ttl_s: float = attrs.field(default=1800.0, validator=_ABOVE_ZERO)


@attrs.frozen(kw_only=True)
class LexicalSettings:
    """The lexical index.

    Attributes:
        language: of texts in Latin script whose own language cannot be told, as Snowball names it.
    """

    backend: str = "sqlite"
    language: str = "english"


@attrs.frozen(kw_only=True)
class SummariesSettings:
    """Tier 3."""

    backend: str = "sqlite"


@attrs.frozen(kw_only=True)
class GraphSettings:
    """Tier 4."""

    backend: str = "sqlite"


@attrs.frozen(kw_only=True)
class EmbedderSettings:
    """Where vectors come from. ``auto``: the static vectors where they are installed, else none."""

    backend: str = "auto"


@attrs.frozen(kw_only=True)
class PrivacySettings:
    """Who sees what.

    Attributes:
        policy: ``strict``: memory flows only to narrower audiences. ``user``: one memory of a user everywhere.
        share_between_bots: whether a bot sees what was said to another one. The same in every process that uses the
            memory: each keeps the windows of the cache that its own setting reads.
    """

    policy: PrivacyPolicy = PrivacyPolicy.STRICT
    share_between_bots: bool = False


@attrs.frozen(kw_only=True)
class ContextSettings:
    """How a context is assembled; the shares are those of `ContextShares`."""

    max_chars: int = attrs.field(default=DEFAULT_MAX_CHARS, validator=_POSITIVE)
    deadline_ms: float = attrs.field(default=100.0, validator=_POSITIVE)
    shares: ContextShares = attrs.field(factory=ContextShares)


@attrs.frozen(kw_only=True)
class SearchSettings:
    """How conversations are found. ``decay``: whether older ones count a little less."""

    deadline_ms: float = attrs.field(default=1000.0, validator=_POSITIVE)
    decay: Literal["off", "mild"] = "off"


@attrs.frozen(kw_only=True)
class SessionSettings:
    """A pause longer than this ends a session that the caller did not name."""

    gap_s: float = attrs.field(default=1800.0, validator=_ABOVE_ZERO)


@attrs.frozen(kw_only=True)
class ProjectorSettings:
    """The worker that carries stored conversations into the tiers.

    Attributes:
        in_process: whether this process runs one; without it another process must.
        max_concurrent_stores: stores at once; more are refused with `Overloaded`.
    """

    in_process: bool = True
    batch_size: int = attrs.field(default=256, validator=_POSITIVE)
    lease_s: float = attrs.field(default=10.0, validator=_ABOVE_ZERO)
    poll_s: float = attrs.field(default=1.0, validator=_ABOVE_ZERO)
    max_concurrent_stores: int = attrs.field(default=1000, validator=_POSITIVE)


@attrs.frozen(kw_only=True)
class MigrationSettings:
    """What a bot takes over when it starts: once, whatever happens, and never again.

    Attributes:
        migrate_from_chromadb: the folder of the old ChromaDB store, or its server's address; ``None``: nothing.
        token: for that server.
        time_zone: where the old bot ran: its times name no zone.
        global_user_id: to whom facts about nobody go.
        tenant_id: whose users they are.
        background: whether the memory serves meanwhile; its contexts say so. Otherwise it opens when it is done.
    """

    migrate_from_chromadb: str | None = None
    token: str | None = attrs.field(default=None, repr=_hidden)
    time_zone: str = "UTC"
    global_user_id: str = GLOBAL_USER_ID
    tenant_id: str = DEFAULT_TENANT_ID
    background: bool = False


@attrs.frozen(kw_only=True)
class Settings:
    """Everything that can be set. ``Settings()`` is the embedded memory in ``./talktiers.db``.

    Name the sections that differ; the section's classes are in this module:

    ```python
    Settings(sqlite=SqliteSettings(path="bot.db"), context=ContextSettings(max_chars=2000, deadline_ms=50))
    ```

    `open_memory` takes the same as a mapping, ``{"sqlite": {"path": "bot.db"}, "context": {"max_chars": 2000}}``, or
    as the tables of a TOML file. Both are checked for misspelt keys and for types; this class is left to your type
    checker. It is taken as it is: variables ``TALKTIERS_…`` change a file's values and the defaults, not this.

    Raises:
        ConfigurationError: a number out of its range, or the archive switched off.
    """

    sqlite: SqliteSettings = attrs.field(factory=SqliteSettings)
    redis: RedisSettings = attrs.field(factory=RedisSettings)
    postgres: PostgresSettings = attrs.field(factory=PostgresSettings)
    chroma: ChromaSettings = attrs.field(factory=ChromaSettings)
    neo4j: Neo4jSettings = attrs.field(factory=Neo4jSettings)
    arrays: ArraysSettings = attrs.field(factory=ArraysSettings)
    archive: ArchiveSettings = attrs.field(factory=ArchiveSettings)
    cache: CacheSettings = attrs.field(factory=CacheSettings)
    lexical: LexicalSettings = attrs.field(factory=LexicalSettings)
    summaries: SummariesSettings = attrs.field(factory=SummariesSettings)
    graph: GraphSettings = attrs.field(factory=GraphSettings)
    embedder: EmbedderSettings = attrs.field(factory=EmbedderSettings)
    privacy: PrivacySettings = attrs.field(factory=PrivacySettings)
    context: ContextSettings = attrs.field(factory=ContextSettings)
    search: SearchSettings = attrs.field(factory=SearchSettings)
    sessions: SessionSettings = attrs.field(factory=SessionSettings)
    projector: ProjectorSettings = attrs.field(factory=ProjectorSettings)
    migration: MigrationSettings = attrs.field(factory=MigrationSettings)

    def __attrs_post_init__(self) -> None:
        if self.archive.backend == OFF:
            raise ConfigurationError("archive.backend cannot be off: the archive is what everything is derived from")
