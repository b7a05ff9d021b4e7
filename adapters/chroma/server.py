"""A Chroma server over HTTP, for many tasks of an event loop. Nothing is connected before the first use.

`chromadb`'s asynchronous HTTP interface makes the requests, of the thin client as of the full package. What it needs
around it stands here: a transport of its own, verified certificates, time limits, one retry on a connection that the
server has closed meanwhile, errors of ours. Neither its telemetry nor an embedding function of it ever runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

import httpx
from chromadb.api.async_fastapi import AsyncFastAPI
from chromadb.config import Settings, System
from overrides import override

from ...domain.errors import BackendError, BackendMisconfigured, ConfigurationError, MemoryClosed
from ...ports.backend_server import BackendServer, ServerState
from .address import parsed_address, tls_context
from .errors import BACKEND, STALE, CollectionMissing, DriverError, translating

T = TypeVar("T")

ChromaApi = AsyncFastAPI
"""What requests are made with."""

OLDEST_MAJOR = 1
"""Version 1 is the first with interface v2, and with an index that knows every write at once."""
RETRY_CHECK_S = 1.0
"""For so long after a check has failed its error is raised again without asking the server."""
CLOSE_TIMEOUT_S = 2.0
MAX_CONNECTIONS = 32
"""More than Chroma answers at once; further requests wait for one, within their time limit."""
KEEP_ALIVE_S = 40.0

_VERSION = re.compile(r"(\d+)\.\d+")


class ChromaServer(BackendServer):
    """One database of a Chroma server; an async context manager. Entering it connects to nothing.

    Every call makes sure first that `check` has once succeeded.

    Since version 1 the server knows no authentication of its own: a token is checked by a proxy before it, or by
    Chroma's cloud. It is sent in both headers that are in use, ``Authorization`` and ``X-Chroma-Token``.

    Args:
        url: ``http://host:port``, or ``https://host:port``; the path of a proxy may follow.
        tenant: Chroma's; has nothing to do with the tenants of the memory.
        timeout_s: seconds for one request.
        connect_timeout_s: seconds for connecting, within ``timeout_s``.
        ca_file: certificates of the authorities to trust, PEM; ``None``: this machine's.

    Raises:
        ConfigurationError: an argument is malformed.
    """

    backend = BACKEND

    def __init__(
        self,
        *,
        url: str,
        token: str | None = None,
        tenant: str = "default_tenant",
        database: str = "default_database",
        timeout_s: float = 5.0,
        connect_timeout_s: float = 5.0,
        ca_file: str | None = None,
    ) -> None:
        if timeout_s <= 0 or connect_timeout_s <= 0:
            raise ConfigurationError("timeout_s and connect_timeout_s must be above 0")
        if token is not None and not (token.isascii() and token.isprintable() and token.strip()):
            raise ConfigurationError("token must consist of printable ASCII characters")
        if not tenant or not database:
            raise ConfigurationError("tenant and database must not be empty")
        self.address = str(parsed_address(url))
        self.tenant = tenant
        self.database = database
        self._token = token
        self._timeout_s = timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._ca_file = ca_file
        self._api: _Api | None = None
        self._inspections: list[Callable[[], Awaitable[str | None]]] = []
        self._state: ServerState | None = None
        self._failure: BackendError | None = None
        self._failed_at_s = 0.0
        self._checking = asyncio.Lock()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address}, tenant={self.tenant}, database={self.database})"

    async def __aenter__(self) -> Self:
        if self._api is not None:
            raise ConfigurationError(f"{self.address} is open already: make a ChromaServer of its own")
        self._checking = asyncio.Lock()  # of this loop
        self._state = self._failure = None
        headers = {"Content-Type": "application/json"}
        if self._token is not None:
            headers |= {"Authorization": f"Bearer {self._token}", "X-Chroma-Token": self._token}
        transport = httpx.AsyncClient(
            headers=headers,
            verify=tls_context(self._ca_file),
            timeout=httpx.Timeout(self._timeout_s, connect=min(self._connect_timeout_s, self._timeout_s)),
            limits=httpx.Limits(
                max_connections=MAX_CONNECTIONS,
                max_keepalive_connections=MAX_CONNECTIONS,
                keepalive_expiry=KEEP_ALIVE_S,
            ),
            event_hooks={"response": [_raise_for_status]},
        )
        self._api = _Api(address=self.address, transport=transport)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes every connection. Idempotent."""
        api, self._api = self._api, None
        if api is not None:
            with contextlib.suppress(*DriverError):  # what cannot be closed in order is cut
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await api.transport.aclose()

    def inspect_with(self, inspection: Callable[[], Awaitable[str | None]]) -> None:
        """Lets `check` look at what is stored there too.

        Args:
            inspection: raises a `BackendError`, or tells the fingerprint of the model whose vectors are held; its
                requests are made by `request`.
        """
        self._inspections.append(inspection)

    async def check(self) -> ServerState:
        """As the port says."""
        async with self._checking:
            return await self._check("check")

    async def call(self, operation: str, make_request: Callable[[ChromaApi], Awaitable[T]]) -> T:
        """One request, after the server was checked.

        Args:
            operation: names the call in errors.
            make_request: idempotent: where a pooled connection turns out to be dead it is called once more.

        Raises:
            BackendError: whatever the check or the request ran into.
            CollectionMissing: the collection was deleted since.
            MemoryClosed: not open.
        """
        if self._state is None:
            async with self._checking:
                if self._state is None:
                    await self._check(operation)
        return await self.request(operation, make_request)

    async def request(self, operation: str, make_request: Callable[[ChromaApi], Awaitable[T]]) -> T:
        """As `call`, without a check: for what is part of one."""
        api = self._api
        if api is None:
            raise MemoryClosed(f"{self.address} is not open: use `async with`")
        with translating(operation, address=self.address):
            async with asyncio.timeout(self._timeout_s):
                with contextlib.suppress(*STALE):
                    return await make_request(api)
                return await make_request(api)

    async def _check(self, operation: str) -> ServerState:
        failed = self._failure
        if failed is not None and time.monotonic() - self._failed_at_s < RETRY_CHECK_S:
            raise type(failed)(BACKEND, operation, failed.reason) from failed.__cause__
        try:
            self._state = await self._checked_state(operation)
        except BackendError as error:
            self._failure, self._failed_at_s = error, time.monotonic()
            raise
        self._failure = None
        return self._state

    async def _checked_state(self, operation: str) -> ServerState:
        version = str(await self.request(operation, lambda api: api.get_version()))  # anything, where it is no Chroma
        found = _VERSION.match(version)
        if found is None or int(found[1]) < OLDEST_MAJOR:
            told = f"is of version {version}" if found else "does not tell its version"
            raise BackendMisconfigured(
                BACKEND, operation, f"{self.address} {told}; Chroma {OLDEST_MAJOR}.0 or newer is needed: update it"
            )
        try:
            await self.request(operation, lambda api: api.get_database(self.database, tenant=self.tenant))
        except CollectionMissing as error:
            raise BackendMisconfigured(
                BACKEND,
                operation,
                f"{self.address} has no database {self.database} in tenant {self.tenant};"
                " create it there, or mend the settings tenant and database",
            ) from error.__cause__
        await self.request(operation, lambda api: api.get_max_batch_size())  # remembered by the driver
        fingerprints = [await inspection() for inspection in self._inspections]
        return ServerState(version=version, fingerprint=next(filter(None, fingerprints), None))


class _Api(AsyncFastAPI):
    """Chroma's interface over a transport that belongs to one server.

    The driver's own is shared by all clients of a loop, with the first one's token and certificates: the token of one
    server would go to the next. It has no time limits either, and reads a ``.env`` file.
    """

    def __init__(self, *, address: str, transport: httpx.AsyncClient) -> None:
        self.transport = transport
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]  # pydantic's own, which its signature leaves out
            chroma_api_impl="chromadb.api.async_fastapi.AsyncFastAPI",
            chroma_server_host=address,
            chroma_server_http_port=80,  # demanded, and not used: the address has its own
            chroma_server_ssl_enabled=address.startswith("https:"),
            anonymized_telemetry=False,
            chroma_otel_collection_endpoint="",
            chroma_otel_granularity="none",
        )
        super().__init__(System(settings))

    @override
    def _get_client(self) -> httpx.AsyncClient:
        return self.transport


async def _raise_for_status(response: httpx.Response) -> None:
    """Keeps status and answer of a refusal together: the driver would raise a bare ``Exception`` for most."""
    if not response.is_success:
        await response.aread()
        response.raise_for_status()
