"""What is written of the relationship graph: conversations with their edges, and taking both out again."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence

import attrs
import numpy as np

from ...domain.derived import Entity
from ...domain.json_values import JsonValue, canonical_json
from ...domain.mentions import mentions_of, relations_of
from ...domain.place import Place
from ...ports.relationship_graph import GraphRecord
from .conversation_rows import id_bytes
from .many_rows import insert_rows, select_by_ids
from .time_expressions import to_us

_ENSURE_USER = "INSERT INTO graph_users (tenant_id, user_id) VALUES (?, ?) ON CONFLICT DO NOTHING"
_USER = "SELECT user_no, next_number, next_label_no, next_name_no FROM graph_users WHERE tenant_id = ? AND user_id = ?"
_CHANGED = """
UPDATE graph_users SET generation = generation + ?, next_number = ?, next_label_no = ?, next_name_no = ?
WHERE user_no = ?
"""
_REMOVED = "UPDATE graph_users SET generation = generation + 1 WHERE user_no = ?"

_ENSURE_PLACE = """
INSERT INTO graph_places (user_no, bot_id, place, compartment) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_PLACE = "SELECT place_no FROM graph_places WHERE user_no = ? AND bot_id = ? AND place = ?"
# ?2: an array of labels, or of names. The answer comes as one value: a row costs as much as a statement.
_LABELS = """
SELECT json_group_object(label, label_no) FROM graph_labels
WHERE user_no = ?1 AND label IN (SELECT value FROM json_each(?2))
"""
_NAMES = """
SELECT json_group_array(json_array(name, kind, name_no)) FROM graph_names
WHERE user_no = ?1 AND name IN (SELECT value FROM json_each(?2))
"""
_ADD_LABELS = "INSERT INTO graph_labels (user_no, label_no, label)"
_ADD_WORDS = "INSERT INTO graph_label_words (user_no, word, label_no)"
_ADD_NAMES = "INSERT INTO graph_names (user_no, name_no, name, kind)"

_CONVERSATION = "SELECT number, digest FROM graph_conversations WHERE user_no = ? AND conversation_id = ?"
_HELD = """
SELECT conversation_id, number, digest FROM graph_conversations INDEXED BY graph_conversations_by_id
WHERE user_no = ? AND conversation_id IN
"""
_ADD_CONVERSATIONS = """
INSERT INTO graph_conversations
(user_no, number, conversation_id, place_no, session_id, occurred_at_us, sequence, digest, mentions)
"""
# All edges of a batch in one statement, during which other threads run. ?2: arrays of the columns after user_no.
_ADD_MENTIONS = """
INSERT INTO graph_mentions (user_no, number, label_no, weight, name_no)
SELECT ?1, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]')
FROM json_each(?2)
"""
_ADD_RELATIONS = """
INSERT INTO graph_relations (user_no, number, source_no, kind, target_no)
SELECT ?1, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]')
FROM json_each(?2)
"""
_REMOVE_CONVERSATION = (
    "DELETE FROM graph_mentions WHERE user_no = ? AND number = ?",
    "DELETE FROM graph_relations WHERE user_no = ? AND number = ?",
    "DELETE FROM graph_conversations WHERE user_no = ? AND number = ?",
)

_LABELS_OF = """
SELECT label_no FROM graph_mentions WHERE user_no = ?1 AND number = ?2
UNION SELECT source_no FROM graph_relations WHERE user_no = ?1 AND number = ?2
UNION SELECT target_no FROM graph_relations WHERE user_no = ?1 AND number = ?2
"""
_NAMES_OF = "SELECT name_no FROM graph_mentions WHERE user_no = ? AND number = ? AND name_no IS NOT NULL"
_UNUSED_LABEL = """
SELECT label FROM graph_labels WHERE user_no = ?1 AND label_no = ?2
AND NOT EXISTS (SELECT 1 FROM graph_mentions WHERE user_no = ?1 AND label_no = ?2)
AND NOT EXISTS (SELECT 1 FROM graph_relations WHERE user_no = ?1 AND source_no = ?2)
AND NOT EXISTS (SELECT 1 FROM graph_relations WHERE user_no = ?1 AND target_no = ?2)
"""
_REMOVE_LABEL = "DELETE FROM graph_labels WHERE user_no = ? AND label_no = ?"
_REMOVE_WORD = "DELETE FROM graph_label_words WHERE user_no = ? AND word = ? AND label_no = ?"
_REMOVE_UNUSED_NAME = """
DELETE FROM graph_names WHERE user_no = ?1 AND name_no = ?2
AND NOT EXISTS (SELECT 1 FROM graph_mentions WHERE user_no = ?1 AND name_no = ?2)
"""
_REMOVE_UNUSED_PLACES = """
DELETE FROM graph_places WHERE user_no = ?
AND NOT EXISTS (SELECT 1 FROM graph_conversations WHERE graph_conversations.place_no = graph_places.place_no)
"""
_REMOVE_EMPTY_USER = """
DELETE FROM graph_users WHERE user_no = ?1 AND NOT EXISTS (SELECT 1 FROM graph_conversations WHERE user_no = ?1)
"""
_CONVERSATIONS = "SELECT COUNT(*) FROM graph_conversations WHERE user_no = ?"
_FORGET_USER = tuple(
    f"DELETE FROM {table} WHERE user_no = ?"
    for table in (
        "graph_mentions",
        "graph_relations",
        "graph_conversations",
        "graph_label_words",
        "graph_labels",
        "graph_names",
        "graph_places",
        "graph_users",
    )
)

MENTION = np.dtype([("label_no", "<i4"), ("weight", "<f4"), ("name_no", "<i4")])
"""One of the packed mentions: weight as a topic, 0 for none; name_no where as an entity, -1 otherwise."""

_WORD = re.compile(r"\w+")
_DIGEST_BYTES = 16


@attrs.frozen
class PreparedRecord:
    """A conversation with its edges by label, in the form in which it is written.

    Attributes:
        mentions: by lower-case label, in the order of the extraction: weight as a topic, and as which entity.
        relations: distinct, labels in lower case.
    """

    record: GraphRecord
    digest: bytes
    mentions: Mapping[str, tuple[float | None, Entity | None]]
    relations: Sequence[tuple[str, str, str]]


@attrs.frozen
class UserRecords:
    """Conversations of one user, distinct."""

    tenant_id: str
    user_id: str
    records: Sequence[PreparedRecord]


def words_of(label: str) -> frozenset[str]:
    """The words of a label, by which it is found inside longer ones."""
    return frozenset(_WORD.findall(label))


def prepared(record: GraphRecord) -> PreparedRecord:
    """The record with a name that is also a topic, or spelt in two ways, as one label."""
    mentions = {label: (item.weight, item.entity) for label, item in mentions_of(record.extraction).items()}
    relations = relations_of(record.extraction)
    content: JsonValue = [
        record.place.key,
        record.bot_id,
        record.session_id,
        to_us(record.occurred_at),
        record.sequence,
        [
            [label, weight, None if entity is None else [entity.name, entity.kind.value]]
            for label, (weight, entity) in mentions.items()
        ],
        relations,
    ]
    digest = hashlib.blake2b(canonical_json(content).encode(), digest_size=_DIGEST_BYTES).digest()
    return PreparedRecord(record, digest, mentions, relations)


def add_records(connection: sqlite3.Connection, *, users: Iterable[UserRecords]) -> None:
    """Upserts conversations with their edges. One that is there with the same content stays."""
    for user in users:
        _add_records(connection, user)


def _add_records(connection: sqlite3.Connection, records_of_user: UserRecords) -> None:
    user = (records_of_user.tenant_id, records_of_user.user_id)
    connection.execute(_ENSURE_USER, user)
    user_no, next_number, next_label_no, next_name_no = connection.execute(_USER, user).fetchone()
    ids = [uuid.UUID(item.record.key.conversation_id).bytes for item in records_of_user.records]
    held = {key: (number, digest) for key, number, digest in select_by_ids(connection, _HELD, user_no, ids)}
    fresh: list[tuple[bytes, PreparedRecord]] = []
    changed: list[int] = []
    for key, item in zip(ids, records_of_user.records, strict=True):
        number, digest = held.get(key, (None, None))
        if digest == item.digest:
            continue
        if number is not None:
            changed.append(number)
        fresh.append((key, item))
    if changed:
        _remove_numbers(connection, user_no, changed)
    nodes = _Nodes(
        connection,
        [item for _, item in fresh],
        user_no=user_no,
        next_label_no=next_label_no,
        next_name_no=next_name_no,
    )
    conversations, mentions, relations = [], [], []
    for number, (key, item) in enumerate(fresh, start=next_number):
        record = item.record
        named = [
            (number, nodes.label_no(label), weight, None if entity is None else nodes.name_no(entity))
            for label, (weight, entity) in item.mentions.items()
        ]
        mentions += named
        conversations.append(
            (
                user_no,
                number,
                key,
                nodes.place_no(record),
                record.session_id,
                to_us(record.occurred_at),
                record.sequence,
                item.digest,
                _packed(named),
            )
        )
        relations += [
            (number, nodes.label_no(source), kind, nodes.label_no(target)) for source, kind, target in item.relations
        ]
    nodes.write()
    insert_rows(connection, _ADD_CONVERSATIONS, conversations)
    connection.execute(_ADD_MENTIONS, (user_no, json.dumps(mentions)))
    connection.execute(_ADD_RELATIONS, (user_no, json.dumps(relations)))
    connection.execute(
        _CHANGED, (bool(changed), next_number + len(fresh), nodes.next_label_no, nodes.next_name_no, user_no)
    )
    if changed:
        connection.execute(_REMOVE_UNUSED_PLACES, (user_no,))


def _packed(mentions: Iterable[tuple[int, int, float | None, int | None]]) -> bytes:
    rows = [(label_no, weight or 0, -1 if name_no is None else name_no) for _, label_no, weight, name_no in mentions]
    return np.array(sorted(rows), dtype=MENTION).tobytes()


def remove_user(connection: sqlite3.Connection, *, tenant_id: str, user_id: str) -> int:
    """Removes everything of a user; how many conversations went."""
    user = connection.execute(_USER, (tenant_id, user_id)).fetchone()
    if user is None:
        return 0
    (removed,) = connection.execute(_CONVERSATIONS, user[:1]).fetchone()
    for statement in _FORGET_USER:
        connection.execute(statement, user[:1])
    return int(removed)


def remove_conversations(
    connection: sqlite3.Connection, *, tenant_id: str, user_id: str, conversation_ids: Iterable[str]
) -> int:
    """Removes these conversations of a user with every label, name and place that only they held; how many went."""
    user = connection.execute(_USER, (tenant_id, user_id)).fetchone()
    if user is None:
        return 0
    user_no = user[0]
    numbers = [
        row[0]
        for conversation_id in frozenset(conversation_ids)
        if (row := connection.execute(_CONVERSATION, (user_no, id_bytes(conversation_id))).fetchone())
    ]
    if numbers:
        _remove_numbers(connection, user_no, numbers)
        connection.execute(_REMOVE_UNUSED_PLACES, (user_no,))
        connection.execute(_REMOVED, (user_no,))
        connection.execute(_REMOVE_EMPTY_USER, (user_no,))
    return len(numbers)


def _remove_numbers(connection: sqlite3.Connection, user_no: int, numbers: Sequence[int]) -> None:
    labels: set[int] = set()
    names: set[int] = set()
    for number in numbers:
        key = (user_no, number)
        labels.update(label_no for (label_no,) in connection.execute(_LABELS_OF, key))
        names.update(name_no for (name_no,) in connection.execute(_NAMES_OF, key))
        for statement in _REMOVE_CONVERSATION:
            connection.execute(statement, key)
    for label_no in labels:
        unused = connection.execute(_UNUSED_LABEL, (user_no, label_no)).fetchone()
        if unused is not None:
            connection.execute(_REMOVE_LABEL, (user_no, label_no))
            connection.executemany(_REMOVE_WORD, [(user_no, word, label_no) for word in words_of(unused[0])])
    connection.executemany(_REMOVE_UNUSED_NAME, [(user_no, name_no) for name_no in names])


class _Nodes:
    """The numbers of what conversations of one user name, found or given; all are looked up, and written, at once."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        records: Sequence[PreparedRecord],
        *,
        user_no: int,
        next_label_no: int,
        next_name_no: int,
    ) -> None:
        self._connection = connection
        self._user_no = user_no
        self.next_label_no = next_label_no
        self.next_name_no = next_name_no
        labels = {label for item in records for label in item.mentions}
        labels.update(label for item in records for source, _, target in item.relations for label in (source, target))
        names = {entity.name for item in records for _, entity in item.mentions.values() if entity is not None}
        (found,) = connection.execute(_LABELS, (user_no, json.dumps(sorted(labels)))).fetchone()
        self._labels: dict[str, int] = json.loads(found)
        (found,) = connection.execute(_NAMES, (user_no, json.dumps(sorted(names)))).fetchone()
        self._names: dict[tuple[str, str], int] = {(name, kind): name_no for name, kind, name_no in json.loads(found)}
        self._places: dict[tuple[str, Place], int] = {}
        self._new_labels: list[tuple[int, int, str]] = []
        self._new_words: list[tuple[int, str, int]] = []
        self._new_names: list[tuple[int, int, str, str]] = []

    def label_no(self, label: str) -> int:
        if label not in self._labels:
            self._labels[label] = self.next_label_no
            self._new_labels.append((self._user_no, self.next_label_no, label))
            words = words_of(label)
            if words != {label}:
                self._new_words += [(self._user_no, word, self.next_label_no) for word in sorted(words)]
            self.next_label_no += 1
        return self._labels[label]

    def name_no(self, entity: Entity) -> int:
        key = (entity.name, entity.kind.value)
        if key not in self._names:
            self._names[key] = self.next_name_no
            self._new_names.append((self._user_no, self.next_name_no, *key))
            self.next_name_no += 1
        return self._names[key]

    def place_no(self, record: GraphRecord) -> int:
        key = (record.bot_id, record.place)
        if key not in self._places:
            values = (self._user_no, record.bot_id, record.place.key)
            self._connection.execute(_ENSURE_PLACE, (*values, record.place.compartment))
            (self._places[key],) = self._connection.execute(_PLACE, values).fetchone()
        return self._places[key]

    def write(self) -> None:
        """Writes what is new."""
        insert_rows(self._connection, _ADD_LABELS, self._new_labels)
        insert_rows(self._connection, _ADD_WORDS, self._new_words)
        insert_rows(self._connection, _ADD_NAMES, self._new_names)
