"""What is written of the lexical index: adding documents to packed postings, and taking them out again."""

from __future__ import annotations

import itertools
import json
import sqlite3
import uuid
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import attrs
import numpy as np

from ...domain.lexical_document import LexicalDocument
from ...domain.postings import BLOCK_DOCUMENTS, MAX_COUNT, pack_postings, unpack_postings
from .conversation_rows import id_bytes
from .many_rows import insert_rows, select_by_ids
from .parts import in_turns

_ENSURE_USER = "INSERT INTO lexical_users (tenant_id, user_id) VALUES (?, ?) ON CONFLICT DO NOTHING"
_USER = "SELECT user_no, next_number, documents FROM lexical_users WHERE tenant_id = ? AND user_id = ?"
_ADDED = "UPDATE lexical_users SET next_number = ?, documents = documents + ? WHERE user_no = ?"
_REMOVED = "UPDATE lexical_users SET generation = generation + 1, documents = documents - ? WHERE user_no = ?"
_FORGET_EMPTY_USER = "DELETE FROM lexical_users WHERE user_no = ? AND documents = 0"
_FORGET_USER = (
    "DELETE FROM lexical_postings WHERE user_no = ?",
    "DELETE FROM lexical_words WHERE user_no = ?",
    "DELETE FROM lexical_forward WHERE user_no = ?",
    "DELETE FROM lexical_documents WHERE user_no = ?",
    "DELETE FROM lexical_users WHERE user_no = ?",
)

_LENGTH_BITS = 16
"""A block's postings are 3 KiB at most."""

_DOCUMENTS = """
SELECT conversation_id FROM lexical_documents INDEXED BY lexical_documents_by_conversation
WHERE user_no = ? AND conversation_id IN
"""
_DOCUMENT = "SELECT number FROM lexical_documents WHERE user_no = ? AND conversation_id = ?"
_ADD_DOCUMENTS = "INSERT INTO lexical_documents (user_no, number, conversation_id, features)"
_REMOVE_DOCUMENT = "DELETE FROM lexical_documents WHERE user_no = ? AND number = ?"
_FORWARD = "SELECT forward FROM lexical_forward WHERE user_no = ? AND number = ?"
_ADD_FORWARD = "INSERT INTO lexical_forward (user_no, number, forward)"
_REMOVE_FORWARD = "DELETE FROM lexical_forward WHERE user_no = ? AND number = ?"

# All rows of a batch in one statement: while it runs, other threads do, too. ?3: an object of terms, each with where
# its postings begin in ?4 (from 1) and how many bytes they are, as one number.
# New documents have the highest numbers: offsets go behind the offsets, counts behind the counts.
_ADD_POSTINGS = f"""
INSERT INTO lexical_postings (user_no, term, block, data)
SELECT ?1, key, ?2, substr(?4, value >> {_LENGTH_BITS}, value & {(1 << _LENGTH_BITS) - 1}) FROM json_each(?3) WHERE TRUE
ON CONFLICT DO UPDATE SET data = CAST(
    substr(data, 1, length(data) / 3 * 2) || substr(excluded.data, 1, length(excluded.data) / 3 * 2)
    || substr(data, length(data) / 3 * 2 + 1) || substr(excluded.data, length(excluded.data) / 3 * 2 + 1)
AS BLOB)
"""
_POSTINGS = "SELECT data FROM lexical_postings WHERE user_no = ? AND term = ? AND block = ?"
_REPLACE_POSTINGS = "UPDATE lexical_postings SET data = ? WHERE user_no = ? AND term = ? AND block = ?"
_REMOVE_POSTINGS = "DELETE FROM lexical_postings WHERE user_no = ? AND term = ? AND block = ?"

_ADD_WORDS = """
INSERT INTO lexical_words (user_no, word, documents)
SELECT ?1, key, value FROM json_each(?2) WHERE TRUE
ON CONFLICT DO UPDATE SET documents = documents + excluded.documents
"""
_TAKE_WORD = "UPDATE lexical_words SET documents = documents - ? WHERE user_no = ? AND word = ?"
_REMOVE_WORD = "DELETE FROM lexical_words WHERE user_no = ? AND word = ? AND documents <= 0"

_FAST = 1
"""zlib's quickest level: the terms of a conversation shrink by half, in some 20 µs."""


@attrs.frozen
class PreparedDocument:
    """A document in the form in which it is written; made off the writer's thread."""

    conversation_id: bytes
    features: bytes
    forward: bytes
    counts: Mapping[str, int]
    words: frozenset[str]


@attrs.frozen
class UserDocuments:
    """New documents of one user, distinct."""

    tenant_id: str
    user_id: str
    documents: Sequence[PreparedDocument]


def prepared(documents: Iterable[LexicalDocument]) -> list[UserDocuments]:
    """Documents of any users, by user; of two with one id the first."""
    users: defaultdict[tuple[str, str], dict[str, LexicalDocument]] = defaultdict(dict)
    for document in documents:
        key = document.key
        users[key.tenant_id, key.user_id].setdefault(key.conversation_id, document)
    return [
        UserDocuments(tenant_id, user_id, [_prepared(document) for document in in_turns(of_user.values())])
        for (tenant_id, user_id), of_user in users.items()
    ]


def _prepared(document: LexicalDocument) -> PreparedDocument:
    counts = {term: min(MAX_COUNT, count) for term, count in document.term_counts.items() if count > 0}
    return PreparedDocument(
        uuid.UUID(document.key.conversation_id).bytes,
        document.features().tobytes(),
        zlib.compress(json.dumps([list(counts), sorted(document.words)], separators=(",", ":")).encode(), _FAST),
        counts,
        document.words,
    )


def add_documents(connection: sqlite3.Connection, *, batches: Iterable[UserDocuments]) -> None:
    """Indexes documents; those that are there already are left as they are."""
    for batch in batches:
        _add_documents(connection, batch)


def _add_documents(connection: sqlite3.Connection, batch: UserDocuments) -> None:
    user = (batch.tenant_id, batch.user_id)
    connection.execute(_ENSURE_USER, user)
    user_no, first, _ = connection.execute(_USER, user).fetchone()
    held = frozenset(
        row[0]
        for row in select_by_ids(connection, _DOCUMENTS, user_no, [item.conversation_id for item in batch.documents])
    )
    fresh = [document for document in batch.documents if document.conversation_id not in held]
    numbered = list(enumerate(fresh, start=first))
    insert_rows(
        connection,
        _ADD_DOCUMENTS,
        [(user_no, number, item.conversation_id, item.features) for number, item in numbered],
    )
    insert_rows(connection, _ADD_FORWARD, [(user_no, number, item.forward) for number, item in numbered])
    for block, members in itertools.groupby(numbered, key=lambda item: item[0] // BLOCK_DOCUMENTS):
        connection.execute(_ADD_POSTINGS, (user_no, block, *_new_postings(members)))
    words = Counter(word for document in fresh for word in document.words)
    connection.execute(_ADD_WORDS, (user_no, json.dumps(dict(sorted(words.items())))))
    connection.execute(_ADDED, (first + len(fresh), len(fresh), user_no))


def _new_postings(numbered: Iterable[tuple[int, PreparedDocument]]) -> tuple[str, bytes]:
    """What `_ADD_POSTINGS` adds to one block, in the order of the terms, so that neighbours are written together."""
    postings: dict[str, tuple[bytearray, bytearray]] = {}
    for number, document in numbered:
        offset = (number % BLOCK_DOCUMENTS).to_bytes(2, "little")
        for term, count in document.counts.items():
            found = postings.get(term)
            if found is None:
                postings[term] = (bytearray(offset), bytearray((count,)))
            else:
                found[0].extend(offset)
                found[1].append(count)
    places: dict[str, int] = {}
    data = bytearray()
    for term in sorted(postings):
        offsets, counts = postings[term]  # as in `pack_postings`
        places[term] = (len(data) + 1) << _LENGTH_BITS | (len(offsets) + len(counts))
        data += offsets
        data += counts
    return json.dumps(places), bytes(data)


def remove_user(connection: sqlite3.Connection, *, tenant_id: str, user_id: str) -> int:
    """Removes everything of a user; how many documents went."""
    user = connection.execute(_USER, (tenant_id, user_id)).fetchone()
    if user is None:
        return 0
    user_no, _, documents = user
    for statement in _FORGET_USER:
        connection.execute(statement, (user_no,))
    return int(documents)


def remove_documents(
    connection: sqlite3.Connection, *, tenant_id: str, user_id: str, conversation_ids: Iterable[str]
) -> int:
    """Removes these documents of a user with exactly what they brought; how many went."""
    user = connection.execute(_USER, (tenant_id, user_id)).fetchone()
    if user is None:
        return 0
    user_no, _, _ = user
    offsets: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    words: Counter[str] = Counter()
    removed = 0
    for conversation_id in frozenset(conversation_ids):
        key = (user_no, id_bytes(conversation_id))
        if (row := connection.execute(_DOCUMENT, key).fetchone()) is None:
            continue
        (number,) = row
        (forward,) = connection.execute(_FORWARD, (user_no, number)).fetchone()
        own_terms, own_words = json.loads(zlib.decompress(forward))
        block, offset = divmod(number, BLOCK_DOCUMENTS)
        for term in own_terms:
            offsets[block, term].append(offset)
        words.update(own_words)
        connection.execute(_REMOVE_DOCUMENT, (user_no, number))
        connection.execute(_REMOVE_FORWARD, (user_no, number))
        removed += 1
    if not removed:
        return 0
    for (block, term), gone in offsets.items():
        _remove_postings(connection, (user_no, term, block), gone)
    connection.executemany(_TAKE_WORD, [(documents, user_no, word) for word, documents in words.items()])
    connection.executemany(_REMOVE_WORD, [(user_no, word) for word in words])
    connection.execute(_REMOVED, (removed, user_no))
    connection.execute(_FORGET_EMPTY_USER, (user_no,))
    return removed


def _remove_postings(connection: sqlite3.Connection, key: tuple[int, str, int], gone: Sequence[int]) -> None:
    (data,) = connection.execute(_POSTINGS, key).fetchone()
    offsets, counts = unpack_postings(data)
    kept = ~np.isin(offsets, np.array(gone, dtype=np.uint16))
    if kept.any():
        connection.execute(_REPLACE_POSTINGS, (pack_postings(offsets[kept], counts[kept]), *key))
    else:
        connection.execute(_REMOVE_POSTINGS, key)
