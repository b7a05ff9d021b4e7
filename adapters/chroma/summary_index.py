"""Tier 3 in Chroma: one record a conversation, found by the vector of its full text."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
from chromadb.api.models.AsyncCollection import AsyncCollection
from chromadb.api.types import Embeddings, QueryResult, Where

from ...domain.conversation import ConversationKey
from ...domain.derived import Summary
from ...domain.identifiers import is_conversation_id
from ...domain.place import Scope
from ...domain.projection import Projection
from ...ports.summary_index import SemanticMatch, SummaryIndex, SummaryRecord
from .known_collections import SYNC_THRESHOLD, ChromaCollections
from .layout import Layout, owner_of
from .record_metadata import (
    OWNER,
    conversation_id_of,
    metadata_of,
    owned_id,
    record_id,
    summary_of,
    where_visible,
)
from .server import ChromaServer

T = TypeVar("T")

BATCH = 250
"""Records written by one request: the driver, which prepares it in the event loop, holds that up for 6 ms."""
IDS_AT_ONCE = 1000
"""Records asked for, or deleted, by one request."""
RECORD_BYTES = 2400
"""What a record takes on the server beside its vector: text, entries and their indexes. Measured with summaries of 100
characters."""

_SPARE = 8
"""Matches asked for beyond the limit, so that equal ones at its edge can be told in most cases."""
_MOST_MATCHES = 4096
"""Of more equal ones than this any may be found."""
_MORE = 8
"""How many times more are asked for where that was too few."""


class ChromaSummaryIndex(SummaryIndex):
    """Summaries as Chroma's documents, with the vectors that the memory's own embedder made.

    Searching is approximate, as Chroma's index is: of the nearest twenty it finds all among a thousand of a user, and
    99.9 % among 20,000. A search for a user costs what that user's own records cost, not those of others.

    Changing the embedder or ``collections`` begins with empty collections of other names: rebuild the summaries, then
    `remove_outdated` deletes the old ones. Until then forgetting reaches into them too.

    What forgetting leaves behind. Chroma queues every write, and deleted texts stay readable in that queue until it is
    worked off: that is enforced here before a call that forgets returns. Then the bytes lie in free pages and in
    fragments of the full-text index of the server's SQLite file until they are overwritten, and the vector, which
    nothing finds any more, in the collection's index files. ``chroma vacuum --path DATA --force`` on the stopped server
    removes the former, deleting the collection (see above) and rebuilding it the latter.

    Args:
        server: open, or opened later; it may serve several indexes.
        fingerprint: of the embedder; ``None`` without one: then nothing is found by meaning.
        dimensions: of its vectors.
        collections: among how many the users are spread.
        prefix: begins the collections' names; memories in one database need one each.
        store_text: whether the summaries are held here; otherwise only vectors are, and `summaries` finds none.

    Raises:
        ConfigurationError: ``prefix`` or ``collections`` is not possible.
    """

    name = Projection.SUMMARIES.value

    leaves = (
        "texts stay in free pages of the server's file until `chroma vacuum` on the stopped server, vectors in an index file "
        "until their collection is deleted"
    )

    def __init__(
        self,
        *,
        server: ChromaServer,
        fingerprint: str | None,
        dimensions: int | None,
        collections: int = 100,
        prefix: str = "talktiers",
        store_text: bool = True,
    ) -> None:
        self._layout = Layout(prefix=prefix, fingerprint=fingerprint, dimensions=dimensions, collections=collections)
        self._generation = self._layout.generation
        self._collections = ChromaCollections(server=server, layout=self._layout)
        self._store_text = store_text
        server.inspect_with(self._collections.inspect)

    async def add(self, *, records: Sequence[SummaryRecord]) -> None:
        """Upserts summaries, some hundred of a collection at a time; of two with one id the last.

        An error, or being cancelled, may leave a part of them added.

        Raises:
            ValueError: a vector of other dimensions than the embedder's, or with an entry that is not finite.
        """
        latest = {record.summary.key: record for record in records}
        collections: defaultdict[str, list[SummaryRecord]] = defaultdict(list)
        for key, record in latest.items():
            self._check(record.vector)
            owner = owner_of(tenant_id=key.tenant_id, user_id=key.user_id)
            collections[self._generation.collection_of(owner)].append(record)
        for name, of_collection in collections.items():
            for some in _pieces(of_collection, BATCH):
                await self._upsert(name, some)

    async def search(self, *, scope: Scope, vector: npt.NDArray[np.float32], limit: int) -> list[SemanticMatch]:
        """The visible conversations with the highest cosine, best first, equal ones by conversation id."""
        if self._layout.fingerprint is None or limit < 1:
            return []
        self._check(vector)
        asked = cast("Embeddings", [np.asarray(vector, dtype=np.float32)])
        where = cast("Where", where_visible(scope, generation=self._generation))
        name = self._generation.collection_of(owner_of(tenant_id=scope.tenant_id, user_id=scope.user_id))
        wanted = limit + _SPARE
        while True:

            async def nearest(collection: AsyncCollection, most: int = wanted) -> QueryResult | None:
                return await collection.query(
                    query_embeddings=asked, n_results=most, where=where, include=["distances"]
                )

            matches = _matches(await self._collections.read("search summaries", name, nearest, missing=None))
            if len(matches) < wanted or matches[-1].similarity < matches[limit - 1].similarity:
                return matches[:limit]
            if wanted >= _MOST_MATCHES:
                return matches[:limit]
            wanted *= _MORE

    async def summaries(self, *, scope: Scope, conversation_ids: Sequence[str]) -> dict[str, Summary]:
        """The summaries of those conversations that are visible and held."""
        if not self._store_text:
            return {}
        owner = owner_of(tenant_id=scope.tenant_id, user_id=scope.user_id)
        name = self._generation.collection_of(owner)
        found: dict[str, Summary] = {}
        for some in _pieces(_records(owner, conversation_ids), IDS_AT_ONCE):

            async def fetch(collection: AsyncCollection, some: list[str] = some) -> None:
                result = await collection.get(ids=some, include=["metadatas", "documents"])
                for record, metadata, document in zip(
                    result["ids"], result["metadatas"] or (), result["documents"] or (), strict=True
                ):
                    key = ConversationKey(
                        tenant_id=scope.tenant_id, user_id=scope.user_id, conversation_id=conversation_id_of(record)
                    )
                    summary = summary_of(key, text=document or "", metadata=metadata or {})
                    if summary is not None and scope.visibility.allows(
                        bot_id=summary.bot_id, compartment=summary.place.compartment
                    ):
                        found[key.conversation_id] = summary

            await self._collections.read("read summaries", name, fetch, missing=None)
        return found

    async def forget_user(self, *, tenant_id: str, user_id: str) -> int:
        """Removes everything of a user, in collections of other generations too; how many summaries went."""
        owner = owner_of(tenant_id=tenant_id, user_id=user_id)
        removed = 0
        for name in await self._holding("forget summaries", owner):
            removed += await self._delete(name, await self._owned("forget summaries", name, owner))
        return removed

    async def forget_conversations(self, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str]) -> int:
        """Removes these summaries of that user, in collections of other generations too; how many went."""
        owner = owner_of(tenant_id=tenant_id, user_id=user_id)
        if not (records := _records(owner, conversation_ids)):
            return 0
        removed = 0
        for name in await self._holding("forget summaries", owner):
            held: list[str] = []
            for some in _pieces(records, IDS_AT_ONCE):

                async def fetch(collection: AsyncCollection, some: list[str] = some) -> list[str]:
                    return (await collection.get(ids=some, include=[]))["ids"]

                held += await self._collections.read("forget summaries", name, fetch, missing=[])
            removed += await self._delete(name, held)
        return removed

    async def conversation_ids(self, *, tenant_id: str, user_id: str) -> frozenset[str]:
        """The conversations of a user that have a summary here, be it in a collection of another generation."""
        owner = owner_of(tenant_id=tenant_id, user_id=user_id)
        held: set[str] = set()
        for name in await self._holding("list summaries", owner):
            held.update(map(conversation_id_of, await self._owned("list summaries", name, owner)))
        return frozenset(held)

    async def size_bytes(self) -> int:
        """Reckoned from the number of records: Chroma does not tell what they take."""
        total = 0
        for collection in await self._collections.held("measure summaries"):
            count = await self._collections.read("measure summaries", collection.name, AsyncCollection.count, missing=0)
            total += count * (RECORD_BYTES + 4 * (collection.dimension or 0))
        return total

    async def remove_outdated(self) -> int:
        """Deletes the collections of other embedders and other numbers of collections; how many. Idempotent.

        To be called after a rebuild. While another process still works with the old settings it loses its summaries.
        """
        held = await self._collections.held("remove outdated summaries")
        outdated = [item.name for item in held if self._layout.generation_named(item.name) != self._generation]
        for name in outdated:
            await self._collections.remove("remove outdated summaries", name)
        return len(outdated)

    async def _upsert(self, name: str, records: Sequence[SummaryRecord]) -> None:
        ids = [record_id(record.summary.key) for record in records]
        embeddings = np.zeros((len(records), self._layout.width), dtype=np.float32)
        for row, record in enumerate(records):
            if record.vector is not None and self._layout.fingerprint is not None:
                embeddings[row] = record.vector
        metadatas = [
            metadata_of(
                record.summary,
                generation=self._generation,
                searched=record.vector is not None,
                text_kept=self._store_text,
            )
            for record in records
        ]
        documents = [record.summary.text if self._store_text else "" for record in records]

        async def upsert(collection: AsyncCollection) -> None:
            await collection.upsert(
                ids=ids, embeddings=cast("Embeddings", list(embeddings)), metadatas=list(metadatas), documents=documents
            )

        await self._collections.write("add summaries", name, upsert)

    async def _delete(self, name: str, records: Sequence[str]) -> int:
        """Deletes records that are held, and has the queue of writes emptied, where they would stay: enough writes do
        that, and the deleting of what never was is one. How many records went."""
        if not records:
            return 0
        for some in (*_pieces(records, IDS_AT_ONCE), [f"nothing-{number}" for number in range(SYNC_THRESHOLD)]):

            async def delete(collection: AsyncCollection, some: list[str] = some) -> None:
                await collection.delete(ids=some)

            await self._collections.read("forget summaries", name, delete, missing=None)
        return len(records)

    async def _owned(self, operation: str, name: str, owner: str) -> list[str]:
        """Chroma's ids of a user's records in a collection."""

        async def fetch(collection: AsyncCollection) -> list[str]:
            return (await collection.get(where={OWNER: owner}, include=[]))["ids"]

        return await self._collections.read(operation, name, fetch, missing=[])

    async def _holding(self, operation: str, owner: str) -> list[str]:
        """Names of the collections that may hold something of a user, in all generations that are there."""
        names = [collection.name for collection in await self._collections.held(operation)]
        generations = {name: self._layout.generation_named(name) for name in names}
        return [
            name
            for name, generation in generations.items()
            if generation is not None and generation.collection_of(owner) == name
        ]

    def _check(self, vector: npt.NDArray[np.float32] | None) -> None:
        if vector is None or self._layout.dimensions is None:
            return
        if vector.shape != (self._layout.dimensions,):
            raise ValueError(f"a vector has shape {vector.shape}; the embedder's have ({self._layout.dimensions},)")
        if not np.isfinite(vector).all():
            raise ValueError("a vector has an entry that is not finite")


def _matches(result: QueryResult | None) -> list[SemanticMatch]:
    """Best first, equal ones by conversation id."""
    if result is None or not result["distances"]:
        return []
    matches = [
        SemanticMatch(conversation_id=conversation_id_of(record), similarity=max(-1.0, min(1.0, 1.0 - distance)))
        for record, distance in zip(result["ids"][0], result["distances"][0], strict=True)
    ]
    return sorted(matches, key=lambda match: (-match.similarity, match.conversation_id))


def _records(owner: str, conversation_ids: Sequence[str]) -> list[str]:
    """Chroma's ids of these conversations, each once; what cannot be one is left out."""
    return [owned_id(owner, item) for item in dict.fromkeys(conversation_ids) if is_conversation_id(item)]


def _pieces(items: Sequence[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while piece := list(itertools.islice(iterator, size)):
        yield piece
