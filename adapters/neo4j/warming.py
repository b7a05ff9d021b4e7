"""Asking for nobody before anybody asks: what a context needs is then planned, and need not be while it waits.

Neo4j plans a statement when it is first asked, and again for every kind of value: on a cold server that takes a second, on
a warm one a tenth, which is more than a context has.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

from neo4j import AsyncSession

from ...domain.identifiers import DEFAULT_BOT_ID
from .statements import CONVERSATION_IDS, FOLLOWING, VISIBLE

TIMEOUT_S: Final = 3.0
"""A server that takes longer is warmed by its readers."""

# As long as real ones: kinds of values are told apart by their size too. No user's key is this one.
_NOBODY: Final = "-" * 32
_ID: Final = "-" * 36
_COMPARTMENTS: Final = (None, ["-" * 32], ["-" * 32] * 3)


async def warm_up(session: AsyncSession) -> None:
    """Has the statements of a context planned, as far as that is done within `TIMEOUT_S`; afterwards the session is over."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(TIMEOUT_S):
            for compartments in _COMPARTMENTS:
                seen_by: dict[str, Any] = {"user": _NOBODY, "bot_id": DEFAULT_BOT_ID, "compartments": compartments}
                for known in ("", _ID):
                    found = await session.run(VISIBLE, id=known, generation=0, begin=0, page=1, **seen_by)
                    await found.consume()
                await (await session.run(FOLLOWING, conversation_id=_ID, limit=1, **seen_by)).consume()
            await (await session.run(CONVERSATION_IDS, user=_NOBODY)).consume()
