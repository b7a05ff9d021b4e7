"""Opening an old ChromaDB store: a directory, of which a copy is read, or a server."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import threading
import urllib.parse
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any, Final

import chromadb
import httpx
from chromadb.config import Settings

from ...domain.errors import MigrationError
from .legacy_client import GivenClient, unreadable
from .legacy_store import LegacyStore, OpenableLegacyStore

FILE: Final = "chroma.sqlite3"
"""Holds ids, documents and metadata; beside it stand the vectors, which are not read."""
CONNECT_TIMEOUT_S: Final = 10.0
REQUEST_TIMEOUT_S: Final = 30.0

_COPIED_PAGES: Final = 4096
_VERSIONS: Final = "SELECT dir, MAX(version) FROM migrations GROUP BY dir"
_NO_STORE: Final = "is no ChromaDB store that can be read"
_DAMAGED: Final = "is damaged: restore it from a backup, or copy it once more"
_IN_USE: Final = "is held by another process: stop the old bot, or import a copy of the folder"
_WRONG: Final = {
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_BUSY: _IN_USE,
    sqlite3.SQLITE_LOCKED: _IN_USE,
    sqlite3.SQLITE_READONLY: _IN_USE,  # its last writer ended in the middle: only a writer can mend that
    sqlite3.SQLITE_CANTOPEN: _IN_USE,
    sqlite3.SQLITE_FULL: "cannot be copied: there is no room in the folder for temporary files; name another in TMPDIR",
}
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class ChromaDirectory(OpenableLegacyStore):
    """The folder that a Chroma client wrote. It is copied as it stands, also while another process writes it.

    The folder itself is opened for reading only: Chroma would migrate it, and a second process could damage it.
    """

    def __init__(self, *, path: str) -> None:
        # Absolute: the name tells whether this one was imported before, wherever that was typed.
        self._path = Path(path).absolute()
        self.name = str(self._path)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[LegacyStore]:
        """The store, out of a copy that is removed afterwards."""
        given_up = threading.Event()
        with tempfile.TemporaryDirectory(prefix="talktiers-chroma-", ignore_cleanup_errors=True) as folder:
            copying = asyncio.create_task(asyncio.to_thread(self._copy, Path(folder), given_up))
            try:
                await asyncio.shield(copying)
            except asyncio.CancelledError:
                given_up.set()
                await asyncio.wait([copying])
                raise
            client = await asyncio.to_thread(self._client, folder)
            try:
                async with GivenClient(client=client, name=self.name, repeat=False).open() as store:
                    yield store
            finally:
                await asyncio.to_thread(client.close)

    def _copy(self, folder: Path, given_up: threading.Event) -> None:
        file = self._path / FILE
        if not self._path.exists():
            raise MigrationError(f"{self._path} does not exist: name the folder that ChromaDB stored in")
        if not file.is_file():
            raise MigrationError(f"{self._path} is no ChromaDB store: there is no {FILE} in it")

        def go_on(_status: int, _remaining: int, _total: int) -> None:
            if given_up.is_set():
                raise InterruptedError

        with (
            _reading(self._path),
            closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(folder / FILE)) as copy,
        ):
            source.backup(copy, pages=_COPIED_PAGES, progress=go_on)
            (state,) = copy.execute("PRAGMA quick_check(1)").fetchone()
            if state != "ok":
                raise MigrationError(f"{self._path} {_DAMAGED} ({state})")
            found = dict(copy.execute(_VERSIONS).fetchall())
        newest = _known_versions()
        for part, version in found.items():
            if version > newest.get(part, 0):
                raise MigrationError(
                    f"{self._path} was written by a newer ChromaDB than {chromadb.__version__}, which is installed"
                    f" ({part} {version} instead of {newest.get(part, 0)}): pip install --upgrade chromadb"
                )

    def _client(self, folder: str) -> Any:
        with _reading(self._path):
            return chromadb.PersistentClient(path=folder, settings=_settings())


class ChromaAddress(OpenableLegacyStore):
    """A Chroma server.

    Args:
        url: ``http://host:port`` or ``https://host:port``.
        token: sent as a bearer token.
    """

    def __init__(self, *, url: str, token: str | None = None) -> None:
        try:
            parts = urllib.parse.urlsplit(url)
            port = parts.port or _DEFAULT_PORTS[parts.scheme]
        except (ValueError, KeyError):
            parts, port = urllib.parse.urlsplit(""), 0
        if not parts.hostname or "@" in parts.netloc or parts.path.strip("/") or parts.query:
            raise MigrationError("the address must be of the form http://host:port or https://host:port")
        self.name = f"{parts.scheme}://{parts.netloc}"
        self._host, self._port, self._tls = parts.hostname, port, parts.scheme == "https"
        self._token = token

    @asynccontextmanager
    async def open(self) -> AsyncIterator[LegacyStore]:
        """The store; the connection is closed afterwards."""
        client = await asyncio.to_thread(self._client)
        try:
            async with GivenClient(client=client, name=self.name).open() as store:
                yield store
        finally:
            await asyncio.to_thread(_close, client)

    def _client(self) -> Any:
        headers = {}
        if self._token is not None:
            headers = {"Authorization": f"Bearer {self._token}", "X-Chroma-Token": self._token}
        with _reading(self.name):
            # The client itself waits for ever: asked here whether anybody answers, and bounded before it is used.
            httpx.get(f"{self.name}/api/v2/heartbeat", headers=headers, timeout=CONNECT_TIMEOUT_S).raise_for_status()
            settings = _settings()
            settings.chroma_server_ssl_verify = True if self._tls else None
            client: Any = chromadb.HttpClient(
                host=self._host, port=self._port, ssl=self._tls, headers=headers, settings=settings
            )
            for session in _sessions(client):
                session.timeout = httpx.Timeout(REQUEST_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
            return client


def _sessions(client: Any) -> list[httpx.Client]:
    """The connections of a client of a server, which it neither bounds nor closes."""
    holders = (client, getattr(client, "_admin_client", None))
    found = (getattr(getattr(holder, "_server", None), "_session", None) for holder in holders)
    return [session for session in found if isinstance(session, httpx.Client)]


def _close(client: Any) -> None:
    sessions = _sessions(client)
    client.close()
    for session in sessions:
        session.close()


def _primary_code(error: sqlite3.Error) -> int:
    """Without what an extended code adds in its upper bits."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _settings() -> Settings:
    return Settings(_env_file=None, anonymized_telemetry=False)  # type: ignore[call-arg]


def _known_versions() -> dict[str, int]:
    """What the installed Chroma makes of a new folder: how far it knows each part of the file."""
    with tempfile.TemporaryDirectory(prefix="talktiers-chroma-", ignore_cleanup_errors=True) as folder:
        client: Any = chromadb.PersistentClient(path=folder, settings=_settings())
        client.close()
        with closing(sqlite3.connect(Path(folder) / FILE)) as connection:
            return dict(connection.execute(_VERSIONS).fetchall())


@contextmanager
def _reading(place: object) -> Iterator[None]:
    """Says of which store what went wrong.

    Raises:
        MigrationError: whatever SQLite, the system or Chroma raised.
    """
    try:
        yield
    except (MigrationError, InterruptedError):
        raise
    except sqlite3.Error as error:
        raise MigrationError(f"{place} {_WRONG.get(_primary_code(error), _NO_STORE)} ({error})") from error
    except OSError as error:
        raise MigrationError(f"{place} cannot be copied: {error.strerror or error}") from error
    except Exception as error:  # noqa: BLE001 - of whatever kind Chroma's errors are
        unreadable(str(place), error)
