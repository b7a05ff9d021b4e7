"""Bringing one archive to where another one is: what was stored, and what was forgotten.

Nothing is noted on the way. What is done is read from the new archive, so that a run that was killed goes on where it
ended, whatever became of the new archive meanwhile.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, TypeVar

from ..domain.conversation import Conversation
from ..domain.errors import MigrationError
from ..domain.projection import Projection
from ..ports.conversation_archive import ConversationArchive, Tally, User
from .asking import settled
from .move_report import MoveReport
from .patience import Patience

Item = TypeVar("Item")

_USERS_AT_ONCE: Final = 4
"""One page is read while others are written. The pages of one user follow each other, which keeps their order."""
_USERS_PAGE: Final = 1000
_PAGE: Final = 200
"""Conversations that are read, written in one commit, and read again."""
_IDS_PAGE: Final = 1000


class ArchiveCopy:
    """An archive that follows another one, round by round. What else it holds is left alone.

    Args:
        projections: a job each is written with every conversation.
        report: what is done is counted there. A dry run compares and writes nothing.
        patience: with each step.
        on_page: called after each page.
        on_adopted: called when there are new jobs.
    """

    def __init__(
        self,
        *,
        source: ConversationArchive,
        target: ConversationArchive,
        projections: Sequence[Projection],
        report: MoveReport,
        patience: Patience,
        on_page: Callable[[], None],
        on_adopted: Callable[[], None],
    ) -> None:
        self._source = source
        self._target = target
        self._projections = projections
        self._report = report
        self._patiently = patience
        self._on_page = on_page
        self._on_adopted = on_adopted
        self._known: dict[User, Tally] = {}
        self._compared_up_to: dict[User, int] = {}

    async def follow(self) -> None:
        """Brings the new archive to where the old one was when this began, or further; compares what it brings.

        Raises:
            MigrationError: the new archive does not hold what was copied.
            BackendError: an archive failed for longer than there is patience.
        """
        report = self._report
        report.rounds += 1
        report.conversations = await self._patiently(self._source.total_conversations)
        report.users, after = 0, None
        changed: list[Tally] = []
        while tallies := await self._tallies(after):
            changed += (tally for tally in tallies if self._known.get(tally.user) != tally)
            report.users, after = report.users + len(tallies), tallies[-1].user
        # First of all: what was taken back may have been stored again with other content.
        forgotten = {item.user: item.epoch for item in changed if item.epoch > self._known_epoch(item.user)}
        if forgotten and not report.dry_run:
            await self._take_over_erasures(forgotten)
        await self._for_each(changed, self._copy)
        if not report.dry_run:
            await self._for_each(changed, self._count)
        # As they were before anything was read: whatever has changed since is looked at in the next round.
        self._known |= {tally.user: tally for tally in changed}

    async def _for_each(self, items: Sequence[Item], work: Callable[[Item], Awaitable[None]]) -> None:
        """A few at once."""
        waiting = iter(items)

        async def worker() -> None:
            for item in waiting:
                await work(item)

        await settled(*(worker() for _ in range(_USERS_AT_ONCE)))

    def _known_epoch(self, user: User) -> int:
        known = self._known.get(user)
        return 0 if known is None else known.epoch

    async def _tallies(self, after: User | None) -> list[Tally]:
        return await self._patiently(lambda: self._source.tallies(after=after, limit=_USERS_PAGE))

    async def _copy(self, tally: Tally) -> None:
        """Everything of a user up to the tally's last conversation."""
        while (after := self._compared_up_to.get(tally.user, 0)) < tally.last_sequence:
            last = await self._patiently(functools.partial(self._copy_page, tally, after))
            self._on_page()
            if last is None:
                return
            self._compared_up_to[tally.user] = last

    async def _copy_page(self, tally: Tally, after: int) -> int | None:
        """Copies one page and compares it. Can be repeated.

        Returns:
            The last sequence in it. ``None``: there is nothing left, or it was forgotten meanwhile and is left to the
            next round.
        """
        user = {"tenant_id": tally.user.tenant_id, "user_id": tally.user.user_id}
        page = await self._source.page(**user, after_sequence=after, limit=_PAGE)
        if not page:
            return None
        there = await self._target.existing(keys=[item.key for item in page])
        missing = [item for item in page if item.conversation_id not in there]
        if missing and not self._report.dry_run:
            await self._target.adopt(conversations=missing, projections=self._projections)
            self._on_adopted()
        copies = [item for item in page if item.conversation_id in there or not self._report.dry_run]
        if (fault := await self._fault(copies)) is not None:
            if await self._source.epoch(**user) != tally.epoch:
                return None
            raise MigrationError(fault)
        self._report.copied += len(missing)
        self._report.already_there += len(there)
        return page[-1].sequence

    async def _fault(self, copies: Sequence[Conversation]) -> str | None:
        """What is wrong with the copies of these, which are read in the new archive."""
        found = await self._target.load(keys=[item.key for item in copies])
        hashes = {item.conversation_id: item.content_hash() for item in found}
        for item in copies:
            where = f"conversation {item.conversation_id} of user {item.user_id}"
            if item.conversation_id not in hashes:
                if not await self._source.existing(keys=[item.key]):
                    continue  # forgotten meanwhile
                return (
                    f"{where} cannot be stored in the new memory, where its id was erased or is somebody else's:"
                    " forget it in the old one as well, or move into another one"
                )
            if hashes[item.conversation_id] != item.content_hash():
                return f"{where} is in the new memory with other content: move into another one"
        return None

    async def _take_over_erasures(self, forgotten: Mapping[User, int]) -> None:
        """Makes the new archive refuse what was erased in the old one, and erases there what was copied before.

        Args:
            forgotten: everybody of whom anything was forgotten since the last time, with their epochs.
        """
        left: set[str] = set()
        count, after = 0, None
        while ids := await self._patiently(functools.partial(self._source.tombstones, after=after, limit=_IDS_PAGE)):
            left |= await self._adopt_erasures(ids, {})
            count, after = count + len(ids), ids[-1]
        self._report.tombstones = count
        withdrawn: set[str] = set()
        after = None
        while ids := await self._patiently(functools.partial(self._source.withdrawn, after=after, limit=_IDS_PAGE)):
            withdrawn |= set(ids)
            after = ids[-1]
        users = list(forgotten)
        for start in range(0, len(users), _USERS_PAGE):
            await self._adopt_erasures((), {user: forgotten[user] for user in users[start : start + _USERS_PAGE]})
        if left or withdrawn:

            async def erase(user: User) -> None:
                await self._patiently(lambda: self._erase(user, left=left, withdrawn=withdrawn))

            await self._for_each(users, erase)

    async def _adopt_erasures(self, ids: Sequence[str], epochs: Mapping[User, int]) -> frozenset[str]:
        return await self._patiently(lambda: self._target.adopt_erasures(conversation_ids=ids, epochs=epochs))

    async def _erase(self, user: User, *, left: Collection[str], withdrawn: Collection[str]) -> None:
        """Erases in the new archive what is left of a user there. Can be repeated.

        Args:
            left: ids of what the old archive has erased for good.
            withdrawn: of what it has erased otherwise; it may hold some of it again.
        """
        after = 0
        while page := await self._target.page(
            tenant_id=user.tenant_id, user_id=user.user_id, after_sequence=after, limit=_PAGE
        ):
            after = page[-1].sequence
            taken_back = [item for item in page if item.conversation_id in withdrawn]
            held = await self._source.load(keys=[item.key for item in taken_back]) if taken_back else []
            as_held = {(item.conversation_id, item.content_hash()) for item in held}
            gone = [item for item in taken_back if (item.conversation_id, item.content_hash()) not in as_held]
            await self._forget(
                user, [item.conversation_id for item in page if item.conversation_id in left], final=True
            )
            await self._forget(user, [item.conversation_id for item in gone], final=False)

    async def _forget(self, user: User, ids: Sequence[str], *, final: bool) -> None:
        if not ids:
            return
        await self._target.forget_conversations(
            tenant_id=user.tenant_id,
            user_id=user.user_id,
            conversation_ids=ids,
            projections=self._projections,
            final=final,
        )
        self._report.removed += len(ids)
        self._on_adopted()

    async def _count(self, tally: Tally) -> None:
        """The new archive has no fewer conversations of a user than the old one had."""
        user = {"tenant_id": tally.user.tenant_id, "user_id": tally.user.user_id}
        there = await self._patiently(lambda: self._target.total_conversations(**user))
        if there < tally.conversations and await self._source.epoch(**user) == tally.epoch:
            raise MigrationError(
                f"of user {tally.user.user_id} the new memory holds {there} conversations, the old one"
                f" {tally.conversations}: run it again"
            )
