"""Archive and outbox under test: one writes the other's rows, so a suite is given both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

import pytest

from ...domain.conversation import Conversation
from ...domain.projection import JobKind, OutboxJob, Projection
from ..conversation_archive import Appended, ConversationArchive
from ..outbox import Outbox

ALL = tuple(Projection)
TASKS = 20
"""How many callers act at once."""


class Stores(NamedTuple):
    """An archive and the outbox that it writes."""

    archive: ConversationArchive
    outbox: Outbox


class StoresContract:
    """What the suites of archive and outbox need of an adapter."""

    def make(self) -> AbstractAsyncContextManager[Stores]:
        """A fresh, empty archive with its outbox."""
        raise NotImplementedError

    async def let_pass(self, seconds: float) -> None:
        """Lets the stores' time pass; override it where their clock can be set."""
        await asyncio.sleep(seconds)

    @pytest.fixture
    async def stores(self) -> AsyncIterator[Stores]:
        """Both, open for one test."""
        async with self.make() as stores:
            yield stores

    @pytest.fixture
    async def archive(self, stores: Stores) -> ConversationArchive:
        """The archive of `stores`."""
        return stores.archive

    @pytest.fixture
    async def outbox(self, stores: Stores) -> Outbox:
        """The outbox of `stores`."""
        return stores.outbox


async def append(
    archive: ConversationArchive, *conversations: Conversation, projections: Sequence[Projection] = ()
) -> list[Appended]:
    """Appends in this order."""
    return [await archive.append(conversation=item, projections=projections, time_given=True) for item in conversations]


async def claim(
    outbox: Outbox,
    projection: Projection = Projection.LEXICAL,
    *,
    limit: int = 1000,
    lease_s: float = 60,
    worker_id: str = "worker",
) -> list[OutboxJob]:
    """Claims what is due."""
    return await outbox.claim(projection=projection, limit=limit, lease_s=lease_s, worker_id=worker_id)


async def claimed_kinds(outbox: Outbox, projection: Projection) -> list[tuple[JobKind, str | None]]:
    """What the due jobs of a projection ask for, in a fixed order; they stay leased."""
    jobs = await claim(outbox, projection)
    return sorted(((job.kind, job.conversation_id) for job in jobs), key=repr)
