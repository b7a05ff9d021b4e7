"""What is written of the lexical index: adding documents, and packing them into blocks once they are many."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import attrs

from ...domain.document_run import DocumentEntry, DocumentRun
from ...domain.lexical_document import LexicalDocument
from . import lexical_statements as sql
from .session import Connection

MAX_UNPACKED_BYTES = 128 * 1024
"""How much of a user's new documents waits to be packed: some hundred of them. A search reads all of it, in some 0.2 ms;
the more there is, the fewer rows are written for each document."""

PART_DOCUMENTS = 256
"""Documents that are written at once: for so long others wait who write for one of their users."""

_Columns: TypeAlias = "list[tuple[object, ...]]"


@attrs.frozen
class UserDocuments:
    """Documents of one user, distinct, at least one."""

    tenant_id: str
    user_id: str
    documents: Sequence[LexicalDocument]


@attrs.frozen
class UserEntries:
    """As `UserDocuments`, in the form in which they are written."""

    tenant_id: str
    user_id: str
    entries: Sequence[DocumentEntry]

    @classmethod
    def of(cls, user: UserDocuments) -> UserEntries:
        return cls(user.tenant_id, user.user_id, [DocumentEntry.of(document) for document in user.documents])


def in_parts(documents: Iterable[LexicalDocument]) -> list[list[UserDocuments]]:
    """Documents of any users, in lists of together at least `PART_DOCUMENTS`, the last one excepted.

    A user is in one of them, and the users of all of them come in the order in which everybody locks them. Of two
    documents with one id the first stays.
    """
    users: defaultdict[tuple[str, str], dict[str, LexicalDocument]] = defaultdict(dict)
    for document in documents:
        key = document.key
        users[key.tenant_id, key.user_id].setdefault(key.conversation_id, document)
    parts: list[list[UserDocuments]] = []
    filled = PART_DOCUMENTS
    for tenant_id, user_id in sorted(users):
        if filled >= PART_DOCUMENTS:
            parts.append([])
            filled = 0
        parts[-1].append(UserDocuments(tenant_id, user_id, list(users[tenant_id, user_id].values())))
        filled += len(users[tenant_id, user_id])
    return parts


def entries_of(part: Iterable[UserDocuments]) -> list[UserEntries]:
    """What is written of a part."""
    return [UserEntries.of(user) for user in part]


async def add_documents(connection: Connection, *, users: Sequence[UserEntries], max_unpacked_bytes: int) -> None:
    """Indexes documents of users who come in order; those that are there already are left as they are.

    Inside a transaction: the users stay locked until its end.

    Args:
        max_unpacked_bytes: a user of whom more waits to be packed is packed.
    """
    reserved = await connection.fetch(
        sql.RESERVE,
        [user.tenant_id for user in users],
        [user.user_id for user in users],
        [len(user.entries) for user in users],
    )
    places = {(row["tenant_id"], row["user_id"]): (row["user_no"], row["next_number"]) for row in reserved}
    rows: list[tuple[object, ...]] = []
    for user in users:
        user_no, end = places[user.tenant_id, user.user_id]
        rows += [
            (user_no, number, item.conversation_id, item.features, item.terms, item.counts, item.words)
            for number, item in enumerate(user.entries, start=end - len(user.entries))
        ]
    grown = await connection.fetch(sql.ADD, *zip(*rows, strict=True))
    due = [row for row in grown if row["unpacked_bytes"] > max_unpacked_bytes]
    if due:
        await _pack(connection, due)


async def _pack(connection: Connection, users: Sequence[Any]) -> None:
    """Brings into blocks what waits of these users, who are rows of `ADD`."""
    numbers = [user["user_no"] for user in users]
    begins, ends = [user["packed_number"] for user in users], [user["next_number"] for user in users]
    waiting = await connection.fetch(sql.UNPACKED, numbers, begins, ends)
    postings, features, words = await asyncio.to_thread(_packed, [tuple(row) for row in waiting])
    await connection.execute(sql.PACK_POSTINGS, *postings)
    await connection.execute(sql.PACK_FEATURES, *features)
    await connection.execute(sql.PACK_WORDS, *words)
    await connection.execute(sql.PACKED, numbers)


def _packed(
    rows: Iterable[tuple[int, int, bytes, bytes, bytes, bytes]],
) -> tuple[_Columns, _Columns, _Columns]:
    """The columns that `PACK_POSTINGS`, `PACK_FEATURES` and `PACK_WORDS` take, for rows of `UNPACKED`."""
    users: defaultdict[int, list[tuple[int, bytes, bytes, bytes, bytes]]] = defaultdict(list)
    for user_no, number, features, terms, counts, words in rows:
        users[user_no].append((number, features, terms, counts, words))
    postings: list[tuple[object, ...]] = []
    feature_blocks: list[tuple[object, ...]] = []
    word_counts: list[tuple[object, ...]] = []
    for user_no, documents in users.items():
        columns = zip(*documents, strict=True)
        run = DocumentRun.of(**dict(zip(("numbers", "features", "terms", "counts", "words"), columns, strict=True)))
        postings += [(user_no, *block) for block in run.posting_blocks()]
        feature_blocks += [(user_no, *block) for block in run.feature_blocks()]
        word_counts += [(user_no, *counted) for counted in run.word_counts()]
    return _columns(postings, 4), _columns(feature_blocks, 3), _columns(word_counts, 3)


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> _Columns:
    return list(zip(*rows, strict=True)) or [()] * width
