"""The relationship graph on Neo4j: nodes and edges there, those of users who ask in memory as well."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Final, LiteralString, TypeVar
from weakref import WeakValueDictionary

from neo4j import AsyncTransaction

from ...domain.derived import Entity, RelatedTopic
from ...domain.place import Scope, Visibility
from ...domain.projection import Projection
from ...domain.sessions import SESSION_GAP
from ...ports.conversation_archive import User
from ...ports.relationship_graph import GraphRecord, RelationshipGraph
from ..user_arrays import UserArrays
from .graph_writing import add_records, prepared, remove_conversations, user_key
from .packed_edges import unpacked_edges
from .server import Neo4jServer, rows
from .statements import (
    CONVERSATION_IDS,
    FOLLOWING,
    FORGET_CONVERSATIONS,
    FORGET_NODES,
    FORGET_REST,
    FORGET_USER,
    SIZES,
    VISIBLE,
)
from .visible_graph import MAX_CONVERSATIONS, GraphState, VisibleGraph, VisibleGraphs, graph_of

T = TypeVar("T")

__all__ = ["MAX_CONVERSATIONS", "Neo4jRelationshipGraph"]

_ADDED_AT_ONCE: Final = 100
"""Conversations of a transaction: half a second on a busy machine, a tenth of the time limit."""
_REMOVED_AT_ONCE: Final = 500
_FORGOTTEN_AT_ONCE: Final = 2_000
"""Nodes of a transaction, which holds them in the server's memory until it is committed."""
_READ_AT_ONCE: Final = 2_000
"""Conversations of a round trip; the driver decodes them in 10 ms, during which the loop stands still."""
_COMPUTED_ON_THE_LOOP: Final = 4_000
"""Conversations up to which an answer takes 2 ms; that of a larger graph is worked out in a thread."""

_UNKNOWN: Final = GraphState(id="", generation=0, next_number=0)

# About: what Neo4j's records and indexes take. 40,000 conversations of five topics each took 3 KB a conversation.
_BYTES_PER_CONVERSATION: Final = 2_000
_BYTES_PER_NODE: Final = 400
_BYTES_PER_EDGE: Final = 75


class Neo4jRelationshipGraph(RelationshipGraph):
    """Users, places, conversations, topics and entities as nodes; see `statements` for the edges between them.

    What a reader may see is decided by the query; what came back is kept by user and visibility, and every call asks,
    in one round trip, what was added since, or removed.

    Args:
        session_gap: a longer pause ends a session that the caller did not name.
        arrays: where graphs are kept; may be shared with other tiers.
        namespace: keeps memories apart that share a database; users of one are unknown in another.
    """

    name = Projection.GRAPH.value

    leaves = (
        "labels and names stay in the server's transaction logs until these are pruned: "
        "db.tx_log.rotation.retention_policy, then CALL db.checkpoint()"
    )

    def __init__(
        self,
        *,
        server: Neo4jServer,
        session_gap: dt.timedelta = SESSION_GAP,
        arrays: UserArrays | None = None,
        namespace: str = "",
    ) -> None:
        self._server = server
        self._session_gap = session_gap
        self._arrays = UserArrays() if arrays is None else arrays
        self._namespace = namespace
        self._loading: WeakValueDictionary[tuple[User, Visibility], asyncio.Lock] = WeakValueDictionary()

    async def add(self, *, records: Sequence[GraphRecord]) -> None:
        """Upserts conversations with their edges, up to `_ADDED_AT_ONCE` in a transaction; of two with one id the last."""
        distinct = sorted({record.key: record for record in records}.items(), key=lambda item: _user_of(item[1]))
        for batch in _batches([record for _, record in distinct], size=_ADDED_AT_ONCE):
            ready = [prepared(record, namespace=self._namespace) for record in batch]
            await self._server.write(
                functools.partial(add_records, records=ready, namespace=self._namespace), operation="add to the graph"
            )

    async def related_topics(self, *, scope: Scope, labels: Sequence[str], limit: int) -> list[RelatedTopic]:
        """Labels that visible conversations name together with these, strongest first; see `GraphArrays.related`.

        Each comes with its newest `MAX_CONVERSATIONS` conversations.
        """
        graph = await self._current(scope, operation="find related topics")
        return [] if graph is None else await _computed(graph.size, lambda: graph.related(labels, limit=limit))

    async def interests(self, *, scope: Scope, limit: int) -> list[RelatedTopic]:
        """Topics of the visible conversations, strongest first; see `GraphArrays.interests`.

        Each comes with its newest `MAX_CONVERSATIONS` conversations.
        """
        graph = await self._current(scope, operation="find interests")
        return [] if graph is None else await _computed(graph.size, lambda: graph.interests(limit=limit))

    async def entities(self, *, scope: Scope, limit: int) -> list[Entity]:
        """Entities of the visible conversations, most often named first, each as it was spelt last."""
        graph = await self._current(scope, operation="find entities")
        return [] if graph is None else await _computed(graph.size, lambda: graph.entities(limit=limit))

    async def followed_by(self, *, scope: Scope, conversation_id: str, limit: int) -> list[str]:
        """Conversations that came next in the same place and session, in their order; empty for an invisible id."""
        found = await self._server.read(
            FOLLOWING,
            operation="find what followed",
            user=self._key(scope.tenant_id, scope.user_id),
            conversation_id=conversation_id,
            limit=limit,
            **_seen_by(scope.visibility),
        )
        following: list[str] = []
        before: dt.datetime | None = None
        for session_id, asked_at, occurred_at, next_id in found:
            moment = occurred_at.to_native()
            if session_id is None and moment - (before or asked_at.to_native()) > self._session_gap:
                break
            following.append(next_id)
            before = moment
        return following

    async def forget_user(self, *, tenant_id: str, user_id: str) -> int:
        """Removes everything of a user; how many conversations went.

        Nobody finds anything of the user from the first transaction on; the nodes go in batches. Called again after it
        was interrupted, it goes on.
        """
        user = self._key(tenant_id, user_id)
        operation = "forget in the graph"

        async def run(transaction: AsyncTransaction, statement: LiteralString) -> int:
            found = await rows(transaction, statement, {"user": user, "limit": _FORGOTTEN_AT_ONCE})
            return int(found[0][0]) if found else 0

        removed = 0
        await self._server.write(functools.partial(run, statement=FORGET_USER), operation=operation)
        self._arrays.drop(VisibleGraphs, tenant_id=tenant_id, user_id=user_id)
        while gone := await self._server.write(
            functools.partial(run, statement=FORGET_CONVERSATIONS), operation=operation
        ):
            removed += gone
        while await self._server.write(functools.partial(run, statement=FORGET_NODES), operation=operation):
            pass
        await self._server.write(functools.partial(run, statement=FORGET_REST), operation=operation)
        return removed

    async def forget_conversations(self, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str]) -> int:
        """Removes these conversations of that user with every node that only they held; how many went."""
        user = self._key(tenant_id, user_id)
        removed = 0
        for batch in _batches(list(dict.fromkeys(conversation_ids)), size=_REMOVED_AT_ONCE):
            removed += await self._server.write(
                functools.partial(remove_conversations, user=user, conversation_ids=batch),
                operation="forget in the graph",
            )
        self._arrays.drop(VisibleGraphs, tenant_id=tenant_id, user_id=user_id)
        return removed

    async def conversation_ids(self, *, tenant_id: str, user_id: str) -> frozenset[str]:
        """The conversations of a user that are in the graph, also those that are about to be forgotten."""
        found = await self._server.read(
            CONVERSATION_IDS, operation="list the graph", user=self._key(tenant_id, user_id)
        )
        return frozenset(itertools.chain.from_iterable(ids for (ids,) in found))

    async def size_bytes(self) -> int:
        """Bytes that the nodes and edges take, about, those of other namespaces of the database included."""
        ((conversations, nodes, edges),) = await self._server.read(SIZES, operation="measure the graph")
        return int(conversations * _BYTES_PER_CONVERSATION + nodes * _BYTES_PER_NODE + edges * _BYTES_PER_EDGE)

    async def _current(self, scope: Scope, *, operation: str) -> VisibleGraph | None:
        """What the scope may see of the user's graph; ``None`` for an unknown user."""
        kept = self._kept(scope)
        if kept is not None:
            return await self._brought_up_to_date(scope, kept, operation=operation)
        # Calls of one context ask for the same graph at once: it is read whole once.
        key = (User(tenant_id=scope.tenant_id, user_id=scope.user_id), scope.visibility)
        lock = self._loading.setdefault(key, asyncio.Lock())
        async with lock:
            return await self._brought_up_to_date(scope, self._kept(scope), operation=operation)

    async def _brought_up_to_date(
        self, scope: Scope, kept: VisibleGraph | None, *, operation: str
    ) -> VisibleGraph | None:
        """What was kept with all that came since, or all anew; asks at least once."""
        state = _UNKNOWN if kept is None else kept.state
        before, edges, texts = kept, list[bytes](), list[str]()
        while True:
            found = await self._server.read(
                VISIBLE,
                operation=operation,
                user=self._key(scope.tenant_id, scope.user_id),
                id=state.id,
                generation=state.generation,
                begin=state.next_number,
                page=_READ_AT_ONCE,
                **_seen_by(scope.visibility),
            )
            if not found:
                self._arrays.drop(VisibleGraphs, tenant_id=scope.tenant_id, user_id=scope.user_id)
                return None
            ((user_id, generation, begin, end, more_edges, more_texts),) = found
            if not begin:  # what was known is no more
                before, edges, texts = None, [], []
            edges += more_edges
            texts += more_texts
            state = GraphState(id=user_id, generation=generation, next_number=min(end, begin + _READ_AT_ONCE))
            if state.next_number == end:
                break
        if before is not None and state == before.state:
            return before
        graph = await _computed(
            len(edges) + (0 if before is None else before.size),
            lambda: graph_of(
                unpacked_edges(edges, texts, operation=operation, address=self._server.address),
                state=state,
                session_gap=self._session_gap,
                before=before,
            ),
        )
        kept_graphs = self._kept_graphs(scope) or VisibleGraphs()
        self._arrays.put(kept_graphs.having(scope.visibility, graph), tenant_id=scope.tenant_id, user_id=scope.user_id)
        return graph

    def _kept(self, scope: Scope) -> VisibleGraph | None:
        kept = self._kept_graphs(scope)
        return None if kept is None else kept.by_visibility.get(scope.visibility)

    def _kept_graphs(self, scope: Scope) -> VisibleGraphs | None:
        return self._arrays.get(VisibleGraphs, tenant_id=scope.tenant_id, user_id=scope.user_id)

    def _key(self, tenant_id: str, user_id: str) -> str:
        return user_key(User(tenant_id=tenant_id, user_id=user_id), namespace=self._namespace)


async def _computed(size: int, function: Callable[[], T]) -> T:
    """What the function returns, out of the loop's way where the graph is large."""
    return function() if size <= _COMPUTED_ON_THE_LOOP else await asyncio.to_thread(function)


def _seen_by(visibility: Visibility) -> dict[str, object]:
    compartments = None if visibility.compartments is None else sorted(visibility.compartments)
    return {"bot_id": visibility.bot_id, "compartments": compartments}


def _user_of(record: GraphRecord) -> tuple[str, str]:
    return record.key.tenant_id, record.key.user_id


def _batches(items: Sequence[T], *, size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
