"""Taking an import back: exactly what one run brought goes, from every tier, and may come again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Final

import attrs

from ..domain.errors import MigrationError
from ..domain.import_runs import ImportRun, RunState
from ..ports.clock import Clock
from ..ports.import_runs import ImportRuns
from .forgetting import Forget

PAGE: Final = 2000


@attrs.frozen(kw_only=True)
class RollBackReport:
    """What was taken back.

    Attributes:
        removed: conversations that the run had brought and that are gone now.
        complete: whether every tier was read again and found empty of them; what is left goes in the background.
    """

    run: ImportRun
    removed: int
    complete: bool


class RollBackImport:
    """Forgets what a run brought and is still there. What was stored before the run stays, as what was forgotten since.

    It can be interrupted and called again.
    """

    def __init__(self, *, runs: ImportRuns, forget: Forget, clock: Clock) -> None:
        self._runs = runs
        self._forget = forget
        self._clock = clock

    async def __call__(self, run_id: str, *, on_progress: Callable[[int], None] | None = None) -> RollBackReport:
        """Takes the run back.

        Args:
            on_progress: called with the number of conversations that are gone.

        Raises:
            MigrationError: there is no such run.
        """
        run = await self._runs.get(run_id=run_id)
        if run is None:
            raise MigrationError(
                f"there is no import run {run_id[:64]!a}: `talktiers import list` shows those there are"
            )
        run = await self._saved(run, RunState.ROLLING_BACK)
        removed, complete = 0, True
        after: str | None = None
        while keys := await self._runs.brought(run_id=run_id, after=after, limit=PAGE):
            after = keys[-1].conversation_id
            ids_of: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
            for key in keys:
                ids_of[key.tenant_id, key.user_id].append(key.conversation_id)
            for (tenant_id, user_id), ids in ids_of.items():
                receipt = await self._forget.conversations(
                    tenant_id=tenant_id, user_id=user_id, conversation_ids=ids, final=False
                )
                removed += receipt.removed
                complete = complete and receipt.complete
                if on_progress is not None:
                    on_progress(removed)
        run = await self._saved(run, RunState.ROLLED_BACK)
        await self._runs.release(run_id=run_id)
        return RollBackReport(run=run, removed=removed, complete=complete)

    async def _saved(self, run: ImportRun, state: RunState) -> ImportRun:
        run = attrs.evolve(run, state=state, updated_at=self._clock.now())
        await self._runs.save(run=run)
        return run
