"""Moving an archive into another one while it is used: copying, following, cutting over."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import attrs

from ..domain.errors import MigrationError, TalktiersError
from ..domain.projection import Projection
from ..ports.conversation_archive import ConversationArchive, Fence
from .archive_copy import ArchiveCopy
from .logs import get_logger
from .move_report import MovePhase, MoveReport
from .patience import Patience

_SHORT_S: Final = 0.5
"""A round that takes no longer is short enough to refuse stores for the length of another one."""
_MAX_ROUNDS: Final = 20
"""If stores come as fast as they can be copied, the last round gets no shorter by being put off."""
_PATIENCE_S: Final = 30.0
"""For so long a step is tried again: a server may be restarted on the way."""
_PATIENCE_FENCED_S: Final = 5.0
"""The same while stores are refused."""

_log = get_logger("moving")


class MoveArchive:
    """Copies an archive into another one, and lets the old one refer to it. For one run.

    A run that was killed is gone on with by the next one, and after the last one nothing is left to do.

    Args:
        destination: the new memory, for `Fence`.
        dry_run: compare what is there and write nothing.
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
        destination: str,
        projections: Sequence[Projection],
        move_id: str,
        dry_run: bool = False,
        on_progress: Callable[[MoveReport], None] | None = None,
        on_adopted: Callable[[], None] | None = None,
        settle: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._source = source
        self._target = target
        self._move_id = move_id
        self._on_progress = on_progress
        self._settle = settle
        self._began_s = time.perf_counter()
        self._report = MoveReport(destination=destination, dry_run=dry_run)
        self._patiently = Patience(seconds=_PATIENCE_S)
        self._copy = ArchiveCopy(
            source=source,
            target=target,
            projections=projections,
            report=self._report,
            patience=self._patiently,
            on_page=self._tell,
            on_adopted=on_adopted or _nobody_listens,
        )

    async def __call__(self) -> MoveReport:
        """Moves, goes on with what another run has begun, or finds that everything is done.

        Should it fail, the old archive stores as before; where it could not be told so, a note of the error says it.

        Raises:
            Moved: one of the two has moved elsewhere.
            MigrationError: the new archive does not hold what was copied, or another run moves the same one.
            BackendError: an archive failed for longer than a moment. Run it again to go on.
        """
        report = self._report
        self._began_s = time.perf_counter()
        if (beyond := await self._target.fenced()) is not None:
            raise beyond.refusal
        fence = await self._source.fenced()
        if fence is not None and fence.complete:
            if fence.destination != report.destination:
                raise fence.refusal
            report.conversations = await self._source.total_conversations()
            report.complete, report.phase = True, MovePhase.MOVED
        elif report.dry_run:
            await self._copy.follow()
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
            await self._copy.follow()
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
        self._patiently.seconds = _PATIENCE_FENCED_S
        fence = Fence(destination=self._report.destination, move_id=self._move_id, complete=False)
        try:
            await self._change_fence(before=None, after=fence)
            if await self._patiently(self._target.fenced) is not None:
                raise MigrationError("the old memory and the new one have the same archive: name another one")
            await self._copy.follow()
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

    def _tell(self) -> None:
        self._report.duration_s = time.perf_counter() - self._began_s
        if self._on_progress is not None:
            self._on_progress(self._report)


def _nobody_listens() -> None:
    """The projector is elsewhere."""
