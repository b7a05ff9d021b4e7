"""Reading and parsing beside the event loop, a piece at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import Final

from ...ports.conversation_source import Item

_PIECE_ITEMS: Final = 64
_PIECE_CHARS: Final = 1_000_000


async def streamed(items: Generator[Item, None, None]) -> AsyncGenerator[Item, None]:
    """What a generator gives, worked in a thread. Closing this closes it, once the piece at work is done."""
    work: asyncio.Future[list[Item]] | None = None
    try:
        while True:
            work = asyncio.ensure_future(asyncio.to_thread(_piece, items))
            # Shielded: a generator that a thread is in cannot be closed, and the thread cannot be interrupted.
            piece = await asyncio.shield(work)
            if not piece:
                return
            for item in piece:
                yield item
    finally:
        if work is not None and not work.done():
            await asyncio.wait([work])
        items.close()


def _piece(items: Generator[Item, None, None]) -> list[Item]:
    piece: list[Item] = []
    chars = 0
    for item in items:
        piece.append(item)
        chars += len(item.raw)
        if len(piece) >= _PIECE_ITEMS or chars >= _PIECE_CHARS:
            break
    return piece
