"""What a memory's manager offers about imports, beside making them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from ..application.memory import Memory
from ..application.reading import checked_limit
from ..application.roll_back_import import RollBackImport, RollBackReport
from ..application.verify_import import Verification, VerifyImport
from ..domain.conversation import Conversation
from ..domain.errors import ConfigurationError
from ..domain.identifiers import checked_id
from ..domain.import_runs import ImportRun
from ..domain.place import Audience
from ..ports.conversation_source import ConversationSource
from ..ports.import_runs import ImportRuns


class _Manager(Protocol):
    """What these calls need of the manager."""

    def _calling(self) -> AbstractContextManager[Memory]: ...

    async def get_conversations(
        self,
        user_id: str,
        conversation_ids: Sequence[str],
        *,
        include_metadata: bool = True,
        channel_id: str | None = None,
        server_id: str | None = None,
        audience: Audience | str | None = None,
        bot_id: str = "default",
        tenant_id: str = "default",
    ) -> list[Conversation]: ...


class ImportCalls:
    """Looking at imports, checking them and taking them back."""

    async def import_runs(self: _Manager, limit: int = 20) -> list[ImportRun]:
        """The imports that were made into this memory, newest first, with what came of them."""
        with self._calling() as memory:
            return await _runs(memory).latest(limit=checked_limit("limit", limit))

    async def roll_back_import(
        self: _Manager, run_id: str, *, on_progress: Callable[[int], None] | None = None
    ) -> RollBackReport:
        """Removes exactly what one import brought, from every tier. It can be imported again.

        What was there before it stays. Should this be interrupted, call it again.

        Args:
            on_progress: called with the number of conversations that are gone.

        Raises:
            MigrationError: there is no such run.
            BackendError: the archive failed; call again.
        """
        with self._calling() as memory:
            roll_back = RollBackImport(runs=_runs(memory), forget=memory.forget, clock=memory.processors.clock)
            return await roll_back(run_id, on_progress=on_progress)

    async def verify_import(
        self: _Manager, source: ConversationSource, *, user_id: str | None = None, tenant_id: str = "default"
    ) -> Verification:
        """Reads a source once more and compares every record with what is stored, a sample through `get_conversations`.

        Args:
            user_id: only this user's conversations; ``None``: everybody's.
            tenant_id: of conversations that do not name one.

        Raises:
            MigrationError: the source cannot be read.
        """

        async def fetch(expected: Conversation) -> Conversation | None:
            found = await self.get_conversations(
                expected.user_id,
                [expected.conversation_id],
                channel_id=expected.place.channel_id,
                server_id=expected.place.server_id,
                audience=expected.place.audience,
                bot_id=expected.bot_id,
                tenant_id=expected.tenant_id,
            )
            return found[0] if found else None

        with self._calling() as memory:
            verify = VerifyImport(archive=memory.tiers.archive, clock=memory.processors.clock, fetch=fetch)
            return await verify(source, user_id=user_id, tenant_id=checked_id("tenant_id", tenant_id))


def _runs(memory: Memory) -> ImportRuns:
    runs = memory.tiers.import_runs
    if runs is None:
        raise ConfigurationError("the archive of this memory keeps no import runs")
    return runs
