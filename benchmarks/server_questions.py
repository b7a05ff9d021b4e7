"""A memory on the four servers, opened, beside the plain drivers, with questions that both can be asked."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import attrs

from talktiers import HierarchicalMemoryManager, open_memory
from talktiers.application.tiers import Processors, Tiers
from talktiers.benchmarks.conversations import Talk
from talktiers.benchmarks.raw_servers import READ_BY_ID, RECENT, RawQuestion, RawServers
from talktiers.benchmarks.server_workspace import GrowingMemory
from talktiers.benchmarks.workspace import say
from talktiers.domain.place import Scope
from talktiers.domain.recent_window import windows_for
from talktiers.entrypoints.wiring.opening import opened_parts

_AT_MOST = 1_200
_SEARCH_DEADLINE_MS = 5_000.0
_WARM_UP_S = 20.0
_WARMING_CALLERS = 4


@attrs.frozen(kw_only=True)
class Opened:
    """Everything that is compared, on one memory.

    Attributes:
        tiers: the memory's own adapters, opened once more.
    """

    memory: HierarchicalMemoryManager
    tiers: Tiers
    processors: Processors
    raw: RawServers
    asked_about: GrowingMemory

    async def questions(self, at_most: int = _AT_MOST) -> list[RawQuestion]:
        """Questions of all users in a shuffled order, each with what it brings back; every user has asked before."""
        chosen: dict[str, list[str]] = {}
        talk = Talk(users=1, seed=4)
        each = max(1, at_most // self.asked_about.users)
        shuffled = random.Random(5).sample(self.asked_about.asked_about, len(self.asked_about.asked_about))
        for exchange in shuffled:
            texts = chosen.setdefault(exchange.user_id, [])
            if len(texts) < each:
                texts.append(talk.question(exchange))
        asked = [(user_id, text) for user_id, texts in chosen.items() for text in texts]
        random.Random(6).shuffle(asked)
        say(f"{len(asked)} questions of {len(chosen)} users")
        for user_id in chosen:
            await self._warm(user_id)
        return [await self._question(user_id, text) for user_id, text in asked[:at_most]]

    async def warm_up(self, questions: Sequence[RawQuestion]) -> None:
        """Some seconds of contexts and raw calls: a Java server compiles what it runs often, and takes a core for it."""
        say("warming up")
        turns = itertools.cycle(questions)
        until = time.perf_counter() + _WARM_UP_S

        async def caller() -> None:
            while time.perf_counter() < until:
                question = next(turns)
                await self.memory.get_conversation_context(
                    question.user_id, question.text, deadline_ms=_SEARCH_DEADLINE_MS
                )
                await self.raw.together(question)

        await asyncio.gather(*(caller() for _ in range(_WARMING_CALLERS)))

    async def _warm(self, user_id: str) -> None:
        """Fills the user's window, which the cache need not have kept since the memory was filled."""
        assert self.tiers.cache is not None
        scope = Scope(user_id=user_id)
        latest = await self.tiers.archive.recent(scope=scope, limit=RECENT)
        epoch = await self.tiers.archive.epoch(tenant_id=scope.tenant_id, user_id=user_id)
        for key in windows_for(scope):
            await self.tiers.cache.fill(key=key, conversations=latest, epoch=epoch)

    async def _question(self, user_id: str, text: str) -> RawQuestion:
        found = await self.memory.search(user_id, text, limit=READ_BY_ID, deadline_ms=_SEARCH_DEADLINE_MS)
        ids = [item.conversation_id for item in found]
        return await self.raw.question(self.processors, user_id=user_id, text=text, ids=ids)


@asynccontextmanager
async def opened(growing: GrowingMemory, *, projecting: bool = True) -> AsyncIterator[Opened]:
    """The memory as a bot opens it, its adapters by themselves, and plain drivers.

    Args:
        projecting: whether this process works off what is stored.
    """
    settings = growing.settings(projector={"in_process": projecting})
    async with AsyncExitStack() as stack:
        memory = await stack.enter_async_context(open_memory(settings))
        tiers, processors = await opened_parts(settings, stack)
        raw = await stack.enter_async_context(RawServers(growing.servers, settings))
        yield Opened(memory=memory, tiers=tiers, processors=processors, raw=raw, asked_about=growing)
