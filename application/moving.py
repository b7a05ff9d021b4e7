"""Moving an archive into another one while it is used: copying, following, comparing, cutting over.

Nothing is noted on the way. What is done is read from the new archive, so that a run that was killed goes on where it
ended, whatever became of the new archive meanwhile, and a second run finds nothing left to do.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

import attrs

from ..domain.conversation import Conversation
from ..domain.errors import MigrationError, TalktiersError
from ..domain.projection import Projection
from ..ports.conversation_archive import ConversationArchive, Fence, Tally, User
from .asking import settled
from .logs import get_logger
from .move_report import MovePhase, MoveReport

T = TypeVar("T")

_USERS_AT_ONCE: Final = 4
"""One page is read while others are written. The pages of one user follow each other, which keeps their order."""
_USERS_PAGE: Final = 1000
_PAGE: Final = 200
"""Conversations that are read, written in one commit, and read again."""
_TOMBSTONES_PAGE: Final = 1000
_SHORT_S: Final = 0.5
"""A round that takes no longer is short enough to refuse stores for the length of another one."""
_MAX_ROUNDS: Final = 20
"""If stores come as fast as they can be copied, the last round gets no shorter by being put off."""
_PATIENCE_S: Final = 30.0
"""For so long a step is tried again: a server may be restarted on the way."""
_PATIENCE_FENCED_S: Final = 5.0
"""The same while stores are refused."""
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 2.0

_log = get_logger("moving")


class MoveArchive:
    """Copies an archive into another one, and lets the old one refer to it. For one run.

    What else the new archive holds is left alone.

    Args:
        projections: of the new memory: a job each is written with every conversation.
        move_id: no other run has it.
        on_progress: called with the running report after each page; it must be fast.
        on_adopted: called when there are new jobs.
        settle: waits until the new memory's tiers have what was copied; stores are not refused meanwhile. ``None``:
            nobody waits for them.
    """

    def __init__(
        self,
        *,
        source: ConversationArchive,
        target: ConversationArchive,
        projections: Sequence[Projection],
        move_id: str,
        on_progress: Callable[[MoveReport], None] | None = None,
        on_adopted: Callable[[], None] | None = None,
        settle: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._source = source
        self._target = target
        self._projections = projections
        self._move_id = move_id
        self._on_progress = on_progress
        self._on_adopted = on_adopted
        self._settle = settle
        self._places = asyncio.Semaphore(_USERS_AT_ONCE)
        self._known: dict[User, Tally] = {}
        self._compared_up_to: dict[User, int] = {}
        self._patience_s = _PATIENCE_S
        self._began_s = 0.0
        self._report = MoveReport(destination="")

    async def __call__(self, destination: str, *, dry_run: bool = False) -> MoveReport:
        """Moves, goes on with what another run has begun, or finds that everything is done.

        Should it fail, the old archive stores as before; where it could not be told so, a note of the error says it.

        Args:
            destination: the new memory, for `Fence`.
            dry_run: compares what is there and writes nothing.

        Raises:
            Moved: one of the two has moved elsewhere.
            MigrationError: the new archive does not hold what was copied, or another run was faster.
            BackendError: an archive failed for longer than a moment. Run it again to go on.
        """
        report = self._report = MoveReport(destination=destination, dry_run=dry_run)
        self._began_s = time.perf_counter()
        if (beyond := await self._target.fenced()) is not None:
            raise beyond.refusal
        fence = await self._source.fenced()
        if fence is not None and fence.complete:
            if fence.destination != destination:
                raise fence.refusal
            report.conversations = await self._source.total_conversations()
            report.complete, report.phase = True, MovePhase.MOVED
        elif dry_run:
            await self._round()
        else:
            # One that a killed run has left: as long as there is much to copy, the old archive may as well be used.
            await self._source.fence(before=fence, after=None)
            await self._follow()
            await self._cut_over()
        self._tell()
        return report

    async def _follow(self) -> None:
        """Copies, round by round, until a round is short."""
        while True:
            began_s = time.perf_counter()
            await self._round()
            short = time.perf_counter() - began_s < _SHORT_S
            if self._settle is not None and self._report.phase is MovePhase.COPYING:
                waiting_since_s = time.perf_counter()
                await self._settle()
                self._began_s += time.perf_counter() - waiting_since_s
                short = False  # much may have been stored meanwhile
            self._report.phase = MovePhase.FOLLOWING
            if short or self._report.rounds >= _MAX_ROUNDS:
                return

    async def _cut_over(self) -> None:
        """Puts up the fence, copies what came last, and lets the old archive refer to the new one."""
        began_s = time.perf_counter()
        self._report.phase = MovePhase.CUTTING_OVER
        self._patience_s = _PATIENCE_FENCED_S
        fence = Fence(destination=self._report.destination, move_id=self._move_id, complete=False)
        try:
            await self._change_fence(before=None, after=fence)
            if await self._patiently(self._target.fenced) is not None:
                raise MigrationError("the old memory and the new one have the same archive: name another one")
            await self._round()
            await self._change_fence(before=fence, after=attrs.evolve(fence, complete=True))
        except BaseException as error:
            await self._lift(fence, error)
            raise
        self._report.refused_s = time.perf_counter() - began_s
        self._report.complete, self._report.phase = True, MovePhase.MOVED
        _log.info("moved", conversations=self._report.conversations, refused_s=round(self._report.refused_s, 3))

    async def _change_fence(self, *, before: Fence | None, after: Fence) -> None:
        if not await self._patiently(lambda: self._source.fence(before=before, after=after)):
            raise MigrationError("another run moves the same memory: let it end, then run this again")

    async def _lift(self, fence: Fence, error: BaseException) -> None:
        """Lets stores through again. A fence that is complete, or another run's, is left alone."""
        try:
            await self._source.fence(before=fence, after=None)
        except TalktiersError as further:
            _log.warning("fence_not_lifted", error=type(further).__name__)
            error.add_note("the old memory refuses stores until the same command has been run again")

    async def _round(self) -> None:
        """Brings the new archive to where the old one was when the round began, or further."""
        report = self._report
        report.rounds += 1
        report.conversations = await self._patiently(self._source.total_conversations)
        changed: list[Tally] = []
        users, after = 0, None
        while tallies := await self._tallies(after):
            due = [tally for tally in tallies if self._known.get(tally.user) != tally]
            await settled(*(self._copy(tally) for tally in due))
            changed += due
            users, after = users + len(tallies), tallies[-1].user
        report.users = users
        if report.dry_run:
            return
        forgotten = {item.user: item.epoch for item in changed if item.epoch > self._known_epoch(item.user)}
        if forgotten:
            await self._take_over_erasures(forgotten)
        await settled(*(self._count(tally) for tally in changed))
        # As they were before anything was read: whatever changed since is looked at in the next round.
        self._known |= {tally.user: tally for tally in changed}

    def _known_epoch(self, user: User) -> int:
        known = self._known.get(user)
        return 0 if known is None else known.epoch

    async def _tallies(self, after: User | None) -> list[Tally]:
        return await self._patiently(lambda: self._source.tallies(after=after, limit=_USERS_PAGE))

    async def _copy(self, tally: Tally) -> None:
        """Everything of a user up to the tally's last conversation."""
        async with self._places:
            user = tally.user
            while (after := self._compared_up_to.get(user, 0)) < tally.last_sequence:
                last = await self._patiently(functools.partial(self._copy_page, user, after))
                self._tell()
                if last is None:  # what was left of it is forgotten
                    return
                self._compared_up_to[user] = last

    async def _copy_page(self, user: User, after: int) -> int | None:
        """Copies one page and compares it; the last sequence in it. Can be repeated."""
        page = await self._source.page(
            tenant_id=user.tenant_id, user_id=user.user_id, after_sequence=after, limit=_PAGE
        )
        if not page:
            return None
        there = await self._target.existing(keys=[item.key for item in page])
        missing = [item for item in page if item.conversation_id not in there]
        if missing and not self._report.dry_run:
            await self._target.adopt(conversations=missing, projections=self._projections)
            if self._on_adopted is not None:
                self._on_adopted()
        await self._compare([item for item in page if item.conversation_id in there or not self._report.dry_run])
        self._report.copied += len(missing)
        self._report.already_there += len(there)
        return page[-1].sequence

    async def _compare(self, page: Sequence[Conversation]) -> None:
        """Reads in the new archive what was read in the old one."""
        keys = [item.key for item in page]
        found = {item.conversation_id: item.content_hash() for item in await self._target.load(keys=keys)}
        missing = [item.key for item in page if item.conversation_id not in found]
        still_here = await self._source.existing(keys=missing) if missing else frozenset[str]()
        for item in page:
            there, where = (
                found.get(item.conversation_id),
                f"conversation {item.conversation_id} of user {item.user_id}",
            )
            if item.conversation_id in still_here:
                raise MigrationError(
                    f"{where} cannot be stored in the new memory, where its id was erased or is somebody else's:"
                    " forget it in the old one as well, or move into another one"
                )
            if there is not None and there != item.content_hash():
                raise MigrationError(f"{where} is in the new memory with other content: move into another one")

    async def _take_over_erasures(self, forgotten: Mapping[User, int]) -> None:
        """Makes the new archive refuse what was erased in the old one, and erases there what was copied before."""
        left: set[str] = set()
        count, after = 0, None
        while ids := await self._tombstones(after):
            left |= await self._adopt_erasures(ids, {})
            count, after = count + len(ids), ids[-1]
        self._report.tombstones = count
        users = list(forgotten)
        for start in range(0, len(users), _USERS_PAGE):
            await self._adopt_erasures((), {user: forgotten[user] for user in users[start : start + _USERS_PAGE]})
        if left:
            # Whoever they belong to was forgotten, wholly or in part.
            await settled(*(self._forget(user, frozenset(left)) for user in forgotten))

    async def _tombstones(self, after: str | None) -> list[str]:
        return await self._patiently(lambda: self._source.tombstones(after=after, limit=_TOMBSTONES_PAGE))

    async def _adopt_erasures(self, ids: Sequence[str], epochs: Mapping[User, int]) -> frozenset[str]:
        return await self._patiently(lambda: self._target.adopt_erasures(conversation_ids=ids, epochs=epochs))

    async def _forget(self, user: User, conversation_ids: frozenset[str]) -> None:
        async with self._places:
            await self._patiently(lambda: self._forget_at_target(user, conversation_ids))

    async def _forget_at_target(self, user: User, conversation_ids: frozenset[str]) -> None:
        after = 0
        while page := await self._target.page(
            tenant_id=user.tenant_id, user_id=user.user_id, after_sequence=after, limit=_PAGE
        ):
            after = page[-1].sequence
            erased = [item.conversation_id for item in page if item.conversation_id in conversation_ids]
            if erased:
                await self._target.forget_conversations(
                    tenant_id=user.tenant_id,
                    user_id=user.user_id,
                    conversation_ids=erased,
                    projections=self._projections,
                )
                self._report.removed += len(erased)
                if self._on_adopted is not None:
                    self._on_adopted()

    async def _count(self, tally: Tally) -> None:
        """The new archive has no fewer conversations of a user than the old one had."""
        user = {"tenant_id": tally.user.tenant_id, "user_id": tally.user.user_id}
        async with self._places:
            there = await self._patiently(lambda: self._target.total_conversations(**user))
            if there < tally.conversations and await self._source.epoch(**user) == tally.epoch:
                raise MigrationError(
                    f"of user {tally.user.user_id} the new memory holds {there} conversations, the old one"
                    f" {tally.conversations}: run it again"
                )

    async def _patiently(self, step: Callable[[], Awaitable[T]]) -> T:
        """Takes a step that can be repeated; an archive that is down or busy is given time."""
        give_up_s = time.monotonic() + self._patience_s
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await step()
            except TalktiersError as error:
                if not error.retryable or time.monotonic() > give_up_s:
                    raise
                _log.info("step_put_off", error=type(error).__name__)
            await asyncio.sleep(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)

    def _tell(self) -> None:
        self._report.duration_s = time.perf_counter() - self._began_s
        if self._on_progress is not None:
            self._on_progress(self._report)
