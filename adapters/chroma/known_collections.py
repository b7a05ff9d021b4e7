"""Chroma's collections: looked up once, made where they are missing, checked before they are used."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from chromadb.api.async_fastapi import AsyncFastAPI
from chromadb.api.collection_configuration import CreateCollectionConfiguration, CreateHNSWConfiguration
from chromadb.api.models.AsyncCollection import AsyncCollection
from chromadb.types import Collection

from ...domain.errors import BackendConflict, BackendMisconfigured
from .errors import BACKEND, CollectionMissing
from .layout import Layout
from .server import ChromaApi, ChromaServer

T = TypeVar("T")

_ListRequest = Callable[[ChromaApi], Awaitable[Sequence[Collection]]]
_Call = Callable[[str, _ListRequest], Awaitable[Sequence[Collection]]]
"""`ChromaServer.call`, or `ChromaServer.request`."""

SPACE: Final = "cosine"
SEARCH_EF = 400
"""Neighbours that a search follows at once. Chroma's 100 now and then misses a whole cluster among 20,000 vectors; the
filter takes so much of a search's time that the difference is lost in it."""
MAX_NEIGHBOURS = 32
CONSTRUCTION_EF = 200
"""Equal vectors, as those of greetings are, cut a part of the index off: with Chroma's 16 and 100 a third to two thirds
of 3,000 vectors of which 2,000 are equal are never found again, with these none; of 20,000 others 8 and 1. Adding is slower
by a third for it, and adding again, some 200 a second, by two thirds."""
SYNC_THRESHOLD = 100
"""Writes after which a collection's queue of writes is worked off and emptied. Chroma's 1,000 are no faster."""

_PAGE = 250
"""Collections asked for at once."""
_FINGERPRINT = "fingerprint"


class ChromaCollections:
    """The collections of one layout, and those of its prefix under another."""

    def __init__(self, *, server: ChromaServer, layout: Layout) -> None:
        self._server = server
        self._layout = layout
        self._known: dict[str, Collection] = {}
        self._making = asyncio.Lock()

    async def read(self, operation: str, name: str, ask: Callable[[AsyncCollection], Awaitable[T]], *, missing: T) -> T:
        """What one request brings back; ``missing`` where there is no such collection."""
        collection = self._known.get(name) or await self._found(operation, name)
        if collection is None:
            return missing
        try:
            return await self._asked(operation, collection, ask)
        except CollectionMissing:
            self._dropped(collection)
        again = await self._found(operation, name)
        return missing if again is None else await self._asked(operation, again, ask)

    async def write(self, operation: str, name: str, act: Callable[[AsyncCollection], Awaitable[None]]) -> None:
        """Makes one request, and the collection where there is none."""
        collection = self._known.get(name) or await self._made(operation, name)
        try:
            return await self._asked(operation, collection, act)
        except CollectionMissing:
            self._dropped(collection)
        return await self._asked(operation, await self._made(operation, name), act)

    async def held(self, operation: str) -> list[Collection]:
        """All collections of this prefix, those of other generations too."""
        return await self._listed(self._server.call, operation)

    async def inspect(self) -> str | None:
        """Checks every collection of the layout; the fingerprint of the model whose vectors are held.

        Where there are vectors of other models only, one of theirs. To be called from the server's check.

        Raises:
            BackendMisconfigured: one has another space or other dimensions.
        """
        fingerprint = None
        for collection in await self._listed(self._server.request, "check"):
            current = self._layout.generation_named(collection.name) == self._layout.generation
            if current:
                self._known[collection.name] = self._checked("check", collection)
            if current or fingerprint is None:
                told = (collection.metadata or {}).get(_FINGERPRINT)
                fingerprint = told if isinstance(told, str) else fingerprint
        return fingerprint

    async def remove(self, operation: str, name: str) -> None:
        """Deletes a collection with all that it holds, if it is there."""
        self._known.pop(name, None)
        server = self._server

        async def delete(api: ChromaApi) -> None:
            await api.delete_collection(name, tenant=server.tenant, database=server.database)

        try:
            await server.call(operation, delete)
        except CollectionMissing:
            return

    async def _asked(self, operation: str, collection: Collection, ask: Callable[[AsyncCollection], Awaitable[T]]) -> T:
        """What one request to a collection brings back. No embedding function takes part."""
        return await self._server.call(
            operation, lambda api: ask(AsyncCollection(client=api, model=collection, embedding_function=None))
        )

    async def _listed(self, call: _Call, operation: str) -> list[Collection]:
        found: dict[str, Collection] = {}
        server, offset = self._server, 0
        while True:
            page = await call(
                operation,
                functools.partial(
                    AsyncFastAPI.list_collections,
                    limit=_PAGE,
                    offset=offset,
                    tenant=server.tenant,
                    database=server.database,
                ),
            )
            found |= {item.name: item for item in page if self._layout.generation_named(item.name) is not None}
            offset += len(page)
            if len(page) < _PAGE:
                return list(found.values())

    async def _found(self, operation: str, name: str) -> Collection | None:
        server = self._server
        try:
            found = await server.call(
                operation, lambda api: api.get_collection(name, tenant=server.tenant, database=server.database)
            )
        except CollectionMissing:
            return None
        self._known[name] = self._checked(operation, found)
        return found

    async def _made(self, operation: str, name: str) -> Collection:
        async with self._making:
            if name not in self._known:
                try:
                    made = await self._server.call(operation, lambda api: self._get_or_create(api, name))
                except BackendConflict:  # another process has just made it
                    made = await self._server.call(operation, lambda api: self._get_or_create(api, name))
                self._known[name] = self._checked(operation, made)
            return self._known[name]

    async def _get_or_create(self, api: ChromaApi, name: str) -> Collection:
        """Chroma takes no notice of the configuration where the collection is there already."""
        configuration = CreateCollectionConfiguration(
            hnsw=CreateHNSWConfiguration(
                space=SPACE,
                ef_search=SEARCH_EF,
                ef_construction=CONSTRUCTION_EF,
                max_neighbors=MAX_NEIGHBOURS,
                sync_threshold=SYNC_THRESHOLD,
                batch_size=SYNC_THRESHOLD,
            ),
            embedding_function=None,
        )
        fingerprint = self._layout.fingerprint
        return await api.create_collection(
            name,
            configuration=configuration,
            metadata=None if fingerprint is None else {_FINGERPRINT: fingerprint},
            get_or_create=True,
            tenant=self._server.tenant,
            database=self._server.database,
        )

    def _checked(self, operation: str, collection: Collection) -> Collection:
        configuration = collection.configuration_json
        index = configuration.get("hnsw") or configuration.get("spann") or {}
        if (space := index.get("space")) != SPACE:
            fault = f"measures by {space} instead of {SPACE}"
        elif collection.dimension not in {None, self._layout.width}:
            fault = f"holds vectors of {collection.dimension} dimensions instead of {self._layout.width}"
        else:
            return collection
        raise BackendMisconfigured(
            BACKEND,
            operation,
            f"the collection {collection.name} on {self._server.address} {fault};"
            " delete it there and rebuild the summaries, or set another prefix",
        )

    def _dropped(self, collection: Collection) -> None:
        """Forgets a collection that is not there any more, unless another task knows its successor already."""
        if self._known.get(collection.name) is collection:
            del self._known[collection.name]
