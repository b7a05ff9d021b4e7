"""The relationship graph as tables in SQLite, indexed both ways; strengths are worked out from the edges."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from ...domain.derived import Entity, EntityKind, RelatedTopic
from ...domain.graph_arrays import Conversations, Flags, GraphArrays, Mentions
from ...domain.labels import label_hash
from ...domain.place import Scope
from ...domain.projection import Projection
from ...domain.sessions import SESSION_GAP
from ...ports.relationship_graph import GraphRecord, RelationshipGraph
from ..user_arrays import UserArrays
from .conversation_rows import id_bytes, id_text
from .database import Database
from .graph_writing import (
    MENTION,
    PreparedRecord,
    UserRecords,
    add_records,
    prepared,
    remove_conversations,
    remove_user,
    words_of,
)
from .parts import in_turns, parts

T = TypeVar("T")

MAX_CONVERSATIONS = 25
"""So many conversations of a related topic are named, the newest: as witnesses, and to look further."""

_TABLES = (
    "graph_users",
    "graph_places",
    "graph_conversations",
    "graph_labels",
    "graph_label_words",
    "graph_names",
    "graph_mentions",
    "graph_relations",
)

_USER = "SELECT user_no, generation, next_number FROM graph_users WHERE tenant_id = ? AND user_id = ?"
_PLACES = "SELECT place_no, bot_id, compartment FROM graph_places WHERE user_no = ?"
_CONVERSATIONS_AFTER = """
SELECT number, place_no, session_id, occurred_at_us, sequence, conversation_id, mentions FROM graph_conversations
WHERE user_no = ? AND number >= ? ORDER BY number
"""
_LABEL_NO = "SELECT label_no FROM graph_labels WHERE user_no = ? AND label = ?"
_LABELS_WITH_WORD = """
SELECT label_no, label FROM graph_label_words JOIN graph_labels USING (user_no, label_no) WHERE user_no = ? AND word = ?
"""
_LABELS = """
SELECT label_no, label FROM graph_labels WHERE user_no = ? AND label_no IN (SELECT value FROM json_each(?))
"""
_NAME = "SELECT name, kind FROM graph_names WHERE user_no = ? AND name_no = ?"

_POSITION = """
SELECT place_no, bot_id, compartment, session_id, occurred_at_us, sequence
FROM graph_conversations JOIN graph_places USING (place_no)
WHERE graph_conversations.user_no = (SELECT user_no FROM graph_users WHERE tenant_id = ? AND user_id = ?)
AND conversation_id = ?
"""
_FOLLOWING = """
SELECT conversation_id, occurred_at_us FROM graph_conversations
WHERE place_no = ? AND session_id IS ? AND (occurred_at_us, sequence) > (?, ?)
ORDER BY occurred_at_us, sequence LIMIT ?
"""
_CONVERSATIONS = """
SELECT conversation_id FROM graph_conversations
WHERE user_no = (SELECT user_no FROM graph_users WHERE tenant_id = ? AND user_id = ?)
"""


class SqliteRelationshipGraph(RelationshipGraph):
    """Conversations, labels and names as nodes, mentions and relations as edges; those of users who ask in memory.

    Args:
        arrays: where they are kept; may be shared with other tiers.
        session_gap: a longer pause ends a session that the caller did not name.
    """

    name = Projection.GRAPH.value

    def __init__(
        self, database: Database, *, arrays: UserArrays | None = None, session_gap: dt.timedelta = SESSION_GAP
    ) -> None:
        self._database = database
        self._arrays = UserArrays() if arrays is None else arrays
        self._session_gap = session_gap

    async def add(self, *, records: Sequence[GraphRecord]) -> None:
        """Upserts conversations with their edges, each user's in one transaction; of two with one id the last."""
        users = await asyncio.to_thread(_by_user, records)
        await self._database.write_in_parts(
            "add to the graph", [functools.partial(add_records, users=some) for some in parts(users, size=_size)]
        )

    async def related_topics(self, *, scope: Scope, labels: Sequence[str], limit: int) -> list[RelatedTopic]:
        """Labels that visible conversations name together with these, strongest first; see `GraphArrays.related`.

        Each comes with its newest `MAX_CONVERSATIONS` conversations.
        """
        wanted = [label.lower() for label in dict.fromkeys(labels)]

        def find(connection: sqlite3.Connection, graph: GraphArrays, visible: Flags) -> list[RelatedTopic]:
            asked = [group for label in wanted if (group := _matching(connection, graph.user_no, label))]
            found = graph.related(asked=asked, visible=visible, limit=limit) if asked else []
            return _topics(connection, graph, visible, found)

        return await self._ask("find related topics", scope, find)

    async def interests(self, *, scope: Scope, limit: int) -> list[RelatedTopic]:
        """Topics of the visible conversations, strongest first; see `GraphArrays.interests`.

        Each comes with its newest `MAX_CONVERSATIONS` conversations. Nothing is asked: until something is added or
        removed the answer is the same.
        """

        def find(connection: sqlite3.Connection, graph: GraphArrays, visible: Flags) -> list[RelatedTopic]:
            question = (limit, visible.tobytes())
            found = graph.answer(question)
            if found is None:
                found = _topics(connection, graph, visible, graph.interests(visible=visible, limit=limit))
                graph.keep(question, found)
            return list(found)

        return await self._ask("find interests", scope, find)

    async def entities(self, *, scope: Scope, limit: int) -> list[Entity]:
        """Entities of the visible conversations, most often named first, each as it was spelt last."""

        def find(connection: sqlite3.Connection, graph: GraphArrays, visible: Flags) -> list[Entity]:
            rows = [
                connection.execute(_NAME, (graph.user_no, name_no)).fetchone()
                for name_no in graph.named(visible=visible, limit=limit)
            ]
            return [Entity(name=name, kind=EntityKind(kind)) for name, kind in rows]

        return await self._ask("find entities", scope, find)

    async def followed_by(self, *, scope: Scope, conversation_id: str, limit: int) -> list[str]:
        """Conversations that came next in the same place and session, in their order; empty for an invisible id."""
        key = (scope.tenant_id, scope.user_id, id_bytes(conversation_id))

        def find(connection: sqlite3.Connection) -> list[str]:
            position = connection.execute(_POSITION, key).fetchone()
            if position is None:
                return []
            place_no, bot_id, compartment, session_id, time_us, sequence = position
            # All of one place and bot: what follows is as visible as what it follows.
            if not scope.visibility.allows(bot_id=bot_id, compartment=compartment):
                return []
            following: list[str] = []
            rows = connection.execute(_FOLLOWING, (place_no, session_id, time_us, sequence, limit)).fetchall()
            for next_id, next_us in rows:
                if session_id is None and dt.timedelta(microseconds=next_us - time_us) > self._session_gap:
                    break
                following.append(id_text(next_id))
                time_us = next_us
            return following

        return await self._database.read("find what followed", find)

    async def forget_user(self, *, tenant_id: str, user_id: str) -> int:
        """Removes everything of a user; how many conversations went."""
        removed = await self._database.erase(
            "forget in the graph", lambda connection: remove_user(connection, tenant_id=tenant_id, user_id=user_id)
        )
        self._arrays.drop(GraphArrays, tenant_id=tenant_id, user_id=user_id)
        return removed

    async def forget_conversations(self, *, tenant_id: str, user_id: str, conversation_ids: Sequence[str]) -> int:
        """Removes these conversations of that user with every label and name that only they held; how many went."""
        removed = await self._database.erase(
            "forget in the graph",
            lambda connection: remove_conversations(
                connection, tenant_id=tenant_id, user_id=user_id, conversation_ids=conversation_ids
            ),
        )
        self._arrays.drop(GraphArrays, tenant_id=tenant_id, user_id=user_id)
        return removed

    async def conversation_ids(self, *, tenant_id: str, user_id: str) -> frozenset[str]:
        """The conversations of a user that are in the graph."""
        rows = await self._database.read(
            "list the graph", lambda connection: connection.execute(_CONVERSATIONS, (tenant_id, user_id)).fetchall()
        )
        return frozenset(id_text(conversation_id) for (conversation_id,) in rows)

    async def size_bytes(self) -> int:
        """Bytes of the graph's tables in the file."""
        return await self._database.size_of_tables("measure the graph", _TABLES)

    async def _ask(
        self, operation: str, scope: Scope, find: Callable[[sqlite3.Connection, GraphArrays, Flags], list[T]]
    ) -> list[T]:
        """What a function finds in the user's graph, within one state of the store; nothing for an unknown user."""

        def ask(connection: sqlite3.Connection) -> list[T]:
            graph = self._current(connection, tenant_id=scope.tenant_id, user_id=scope.user_id)
            if graph is None:
                return []
            places = [
                place_no
                for place_no, bot_id, compartment in connection.execute(_PLACES, (graph.user_no,))
                if scope.visibility.allows(bot_id=bot_id, compartment=compartment)
            ]
            return find(connection, graph, graph.visible(places))

        return await self._database.read(operation, ask)

    def _current(self, connection: sqlite3.Connection, *, tenant_id: str, user_id: str) -> GraphArrays | None:
        """The user's graph as this connection sees it; ``None`` for an unknown user.

        What is kept may be a little newer than the connection's view, never older.
        """
        user = connection.execute(_USER, (tenant_id, user_id)).fetchone()
        if user is None:
            return None
        user_no, generation, next_number = user
        kept = self._arrays.get(GraphArrays, tenant_id=tenant_id, user_id=user_id)
        if kept is None or (kept.user_no, kept.generation) != (user_no, generation):
            current = GraphArrays(
                *_read_after(connection, user_no, 0),
                user_no=user_no,
                generation=generation,
                next_number=next_number,
                session_gap=self._session_gap,
            )
        elif kept.next_number < next_number:
            current = kept.extended(*_read_after(connection, user_no, kept.next_number), next_number=next_number)
        else:
            return kept
        self._arrays.put(current, tenant_id=tenant_id, user_id=user_id)
        return current


def _by_user(records: Iterable[GraphRecord]) -> list[UserRecords]:
    users: defaultdict[tuple[str, str], list[PreparedRecord]] = defaultdict(list)
    for key, record in in_turns({record.key: record for record in records}.items()):
        users[key.tenant_id, key.user_id].append(prepared(record))
    return [UserRecords(tenant_id, user_id, of_user) for (tenant_id, user_id), of_user in users.items()]


def _size(user: UserRecords) -> int:
    return len(user.records)


def _read_after(connection: sqlite3.Connection, user_no: int, number: int) -> tuple[Conversations, Mentions]:
    rows = connection.execute(_CONVERSATIONS_AFTER, (user_no, number)).fetchall()
    numbers, places, sessions, times, sequences, ids, packed = zip(*rows, strict=True) if rows else ((),) * 7
    mentions = np.frombuffer(b"".join(packed), dtype=MENTION)
    counts = [len(item) // MENTION.itemsize for item in packed]
    return (
        Conversations(
            numbers=np.array(numbers, dtype=np.int64),
            places=np.array(places, dtype=np.int64),
            named=np.array([0 if item is None else label_hash(item) for item in sessions], dtype=np.uint64),
            time_us=np.array(times, dtype=np.int64),
            sequence=np.array(sequences, dtype=np.int64),
            ids=np.frombuffer(b"".join(ids), dtype=">u8").reshape(-1, 2).astype(np.uint64),
        ),
        Mentions(
            numbers=np.repeat(np.array(numbers, dtype=np.int32), counts),
            labels=mentions["label_no"].astype(np.int64),
            weights=mentions["weight"].copy(),
            names=mentions["name_no"].copy(),
        ),
    )


def _matching(connection: sqlite3.Connection, user_no: int, wanted: str) -> list[int]:
    """Labels that are the wanted one or hold it as whole words."""
    found = {label_no for (label_no,) in connection.execute(_LABEL_NO, (user_no, wanted))}
    if words := words_of(wanted):
        # The longest word is in the fewest labels, as a rule.
        word = max(sorted(words), key=len)
        rows = connection.execute(_LABELS_WITH_WORD, (user_no, word))
        found |= {label_no for label_no, label in rows if _holds(label, wanted)}
    return sorted(found)


def _holds(label: str, wanted: str) -> bool:
    """Whether a label holds the wanted one as whole words."""
    begin = label.find(wanted)
    while begin >= 0:
        end = begin + len(wanted)
        inside = begin > 0 and _is_word(label[begin - 1])
        if not inside and (end == len(label) or not _is_word(label[end])):
            return True
        begin = label.find(wanted, begin + 1)
    return False


def _is_word(character: str) -> bool:
    """As in a regular expression."""
    return character.isalnum() or character == "_"


def _topics(
    connection: sqlite3.Connection, graph: GraphArrays, visible: Flags, found: Sequence[tuple[int, float]]
) -> list[RelatedTopic]:
    newest = graph.newest([label_no for label_no, _ in found], visible=visible, limit=MAX_CONVERSATIONS)
    label_nos = json.dumps([label_no for label_no, _ in found])
    labels: dict[int, str] = dict(connection.execute(_LABELS, (graph.user_no, label_nos)).fetchall())
    return [
        RelatedTopic(label=labels[label_no], strength=strength, conversation_ids=conversation_ids)
        for (label_no, strength), conversation_ids in zip(found, newest, strict=True)
    ]
