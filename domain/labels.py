"""Labels as numbers, for arrays."""

from __future__ import annotations

import functools
import hashlib


@functools.lru_cache(maxsize=16_384)
def label_hash(label: str) -> int:
    """64 bits that stand for a label, the same in every process; never 0."""
    return int.from_bytes(hashlib.blake2b(label.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") or 1
