"""Taking documents out of the lexical index, with exactly what they brought."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...domain.document_run import FEATURE_ROW, DocumentRun
from ...domain.postings import BLOCK_DOCUMENTS, pack_postings, unpack_postings
from . import lexical_statements as sql
from .purging import note_erasure
from .session import Connection


async def remove_user(connection: Connection, *, tenant_id: str, user_id: str) -> int:
    """Removes everything of a user; how many documents went. Inside a transaction."""
    user = await connection.fetchrow(sql.LOCK, tenant_id, user_id)
    if user is None:
        return 0
    for statement in sql.FORGET_USER:
        await connection.execute(statement, user["user_no"])
    await note_erasure(connection)
    return int(user["documents"])


async def remove_documents(
    connection: Connection, *, tenant_id: str, user_id: str, conversation_ids: Sequence[uuid.UUID]
) -> int:
    """Removes these documents of a user; how many went. Inside a transaction."""
    user = await connection.fetchrow(sql.LOCK, tenant_id, user_id)
    if user is None:
        return 0
    user_no = user["user_no"]
    removed = await connection.fetch(sql.REMOVE_DOCUMENTS, user_no, conversation_ids)
    if not removed:
        return 0
    packed = [row for row in removed if row["number"] < user["packed_number"]]
    if packed:
        run = DocumentRun.of(
            numbers=[row["number"] for row in packed],
            terms=[row["terms"] for row in packed],
            counts=[row["counts"] for row in packed],
            words=[row["words"] for row in packed],
        )
        await _take_postings(connection, user_no, run)
        await _take_features(connection, user_no, run)
        await _take_words(connection, user_no, run)
    await connection.execute(sql.REMOVED, user_no, len(removed))
    await connection.execute(sql.FORGET_EMPTY_USER, user_no)
    await note_erasure(connection)
    return len(removed)


async def _take_postings(connection: Connection, user_no: int, run: DocumentRun) -> None:
    gone = {(term, block): data for term, block, data in await asyncio.to_thread(run.posting_blocks)}
    terms, blocks = [term for term, _ in gone], [block for _, block in gone]
    held = await connection.fetch(sql.POSTING_BLOCKS, user_no, terms, blocks)
    kept = await asyncio.to_thread(_remaining_postings, held, gone)
    full = [row for row in kept if row[2]]
    empty = [row for row in kept if not row[2]]
    await connection.execute(sql.REPLACE_POSTINGS, user_no, *([row[column] for row in full] for column in range(3)))
    await connection.execute(sql.REMOVE_POSTINGS, user_no, *([row[column] for row in empty] for column in range(2)))


def _remaining_postings(held: Sequence[Any], gone: dict[tuple[int, int], bytes]) -> list[tuple[int, int, bytes]]:
    """Term, block and what is left of it."""
    remaining = []
    for term, block, data in held:
        offsets, counts = unpack_postings(data)
        taken, _ = unpack_postings(gone[term, block])
        kept = ~np.isin(offsets, taken)
        remaining.append((term, block, pack_postings(offsets[kept], counts[kept])))
    return remaining


async def _take_features(connection: Connection, user_no: int, run: DocumentRun) -> None:
    blocks = np.unique(run.numbers // BLOCK_DOCUMENTS).tolist()
    kept = []
    for block, data in await connection.fetch(sql.FEATURE_BLOCKS, user_no, blocks):
        rows = np.frombuffer(data, dtype=FEATURE_ROW)
        numbers = rows["offset"].astype(np.int64) + block * BLOCK_DOCUMENTS
        kept.append((block, rows[~np.isin(numbers, run.numbers)].tobytes()))
    full = [(block, data) for block, data in kept if data]
    await connection.execute(sql.REPLACE_FEATURES, user_no, [block for block, _ in full], [data for _, data in full])
    await connection.execute(sql.REMOVE_FEATURES, user_no, [block for block, data in kept if not data])


async def _take_words(connection: Connection, user_no: int, run: DocumentRun) -> None:
    counted = run.word_counts()
    words = [word for word, _ in counted]
    await connection.execute(sql.TAKE_WORDS, user_no, words, [documents for _, documents in counted])
    await connection.execute(sql.REMOVE_WORDS, user_no, words)
