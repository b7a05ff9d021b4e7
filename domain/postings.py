"""Postings: which documents hold a term and how often, packed in blocks of bytes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

BLOCK_DOCUMENTS = 1024
"""Documents a packed block; an offset within one fits 16 bits, and a full block of postings 3 KiB."""
MAX_COUNT = 255
"""How often a term counts at most in one document: what 8 bits hold."""

Postings = tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]
"""Document numbers, rising, shape (n,), and how often each holds the term, shape (n,)."""


def pack_postings(offsets: npt.NDArray[np.uint16], counts: npt.NDArray[np.uint8]) -> bytes:
    """A block of postings: all offsets within the block as 16 bits, little-endian, then all counts as 8 bits."""
    return offsets.astype("<u2", copy=False).tobytes() + counts.astype("u1", copy=False).tobytes()


def unpack_postings(block: bytes) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint8]]:
    """The offsets and counts of a packed block; the inverse of `pack_postings`."""
    size = len(block) // 3
    return np.frombuffer(block, dtype="<u2", count=size), np.frombuffer(block, dtype="u1", offset=2 * size)


def unpack_blocks(blocks: Iterable[tuple[int, bytes]]) -> Postings:
    """The postings of a term's packed blocks, which come with their numbers, rising."""
    numbers: list[npt.NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
    counts: list[npt.NDArray[np.uint8]] = [np.zeros(0, dtype=np.uint8)]
    for block, data in blocks:
        block_offsets, block_counts = unpack_postings(data)
        numbers.append(block_offsets.astype(np.int64) + block * BLOCK_DOCUMENTS)
        counts.append(block_counts)
    return np.concatenate(numbers), np.concatenate(counts)


def block_size(packed_bytes: int) -> int:
    """How many postings a packed block of that many bytes holds."""
    return packed_bytes // 3
