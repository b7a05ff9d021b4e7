"""What a move needs of an archive over plain dictionaries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import attrs

from ...domain.conversation import Conversation
from ...domain.projection import JobKind, Projection
from ...ports.conversation_archive import Fence, Tally, User
from .store import InMemoryStore


class InMemoryArchiveMoving:
    """That part of `InMemoryConversationArchive`."""

    _store: InMemoryStore

    async def tallies(self, *, after: User | None = None, limit: int = 1000) -> list[Tally]:
        """What is held of each user, by tenant and user id."""
        sequences: defaultdict[User, list[int]] = defaultdict(list)
        for user, epoch in self._store.epochs.items():
            if epoch:
                sequences[user] = []
        for item in self._store.conversations.values():
            sequences[User(tenant_id=item.tenant_id, user_id=item.user_id)].append(item.sequence)
        start = ("", "") if after is None else _order(after)
        return [
            Tally(
                user=user,
                epoch=self._store.epochs[user],
                conversations=len(sequences[user]),
                last_sequence=max(sequences[user], default=0),
            )
            for user in sorted(sequences, key=_order)
            if _order(user) > start
        ][:limit]

    async def tombstones(self, *, after: str | None = None, limit: int = 1000) -> list[str]:
        """Ids of what was erased for good, in rising order."""
        return _page(self._store.tombstones, after=after, limit=limit)

    async def withdrawn(self, *, after: str | None = None, limit: int = 1000) -> list[str]:
        """Ids of what was erased and may come again, in rising order."""
        return _page(self._store.withdrawn, after=after, limit=limit)

    async def adopt(self, *, conversations: Sequence[Conversation], projections: Sequence[Projection]) -> None:
        """Stores conversations of another archive; nothing can come between."""
        store = self._store
        store.check_fence()
        for conversation in conversations:
            conversation_id = conversation.conversation_id
            if conversation_id in store.tombstones or conversation_id in store.conversations:
                continue
            user = User(tenant_id=conversation.tenant_id, user_id=conversation.user_id)
            store.conversations[conversation_id] = attrs.evolve(conversation, sequence=store.next_sequence())
            store.queue(kind=JobKind.PROJECT, user=user, conversation_id=conversation_id, projections=projections)

    async def adopt_erasures(self, *, conversation_ids: Sequence[str], epochs: Mapping[User, int]) -> frozenset[str]:
        """Tombstones and epochs of another archive; nothing can come between."""
        store = self._store
        store.check_fence()
        stored = frozenset(conversation_ids) & store.conversations.keys()
        store.tombstones |= frozenset(conversation_ids) - stored
        for user, epoch in epochs.items():
            store.epochs[user] = max(store.epochs[user], epoch)
        return stored

    async def fenced(self) -> Fence | None:
        """The fence, if there is one."""
        return self._store.fence

    async def fence(self, *, before: Fence | None, after: Fence | None) -> bool:
        """Sets, changes or lifts the fence, if it is as ``before`` says."""
        if self._store.fence == before:
            self._store.fence = after
        return self._store.fence == after


def _page(ids: Iterable[str], *, after: str | None, limit: int) -> list[str]:
    return sorted(item for item in ids if after is None or item > after)[:limit]


def _order(user: User) -> tuple[str, str]:
    return (user.tenant_id, user.user_id)
