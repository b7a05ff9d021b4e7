"""Tiers that fail, hang or dawdle, around real in-memory ones."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs

from talktiers import HierarchicalMemoryManager
from talktiers.application.memory import Memory
from talktiers.application.tiers import Tiers
from talktiers.domain.errors import BackendUnavailable
from talktiers.entrypoints.configuration import load_settings
from talktiers.entrypoints.wiring.opening import memory_options, opened_parts

HEALTHY, DOWN, HANGING, SLOW = "healthy", "down", "hanging", "slow"
SLOW_S = 5.0


class Faulty:
    """An adapter in one of four states; `state` can be changed at any time."""

    def __init__(self, name: str, adapter: Any) -> None:
        self.state = HEALTHY
        self._name = name
        self._adapter = adapter

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._adapter, name)
        if not inspect.iscoroutinefunction(attribute):
            return attribute

        @functools.wraps(attribute)
        async def call(**arguments: Any) -> Any:
            if self.state == DOWN:
                raise BackendUnavailable(self._name, name, "the test says so")
            if self.state == SLOW:
                await asyncio.sleep(SLOW_S)
            while self.state == HANGING:
                try:
                    await asyncio.sleep(0.01)
                except asyncio.CancelledError:
                    continue  # as a driver does that waits for a dead connection
            return await attribute(**arguments)

        return call


@attrs.frozen(kw_only=True)
class FaultyMemory:
    """An open memory and the switches of its tiers, by name."""

    memory: HierarchicalMemoryManager
    tiers: dict[str, Faulty]


@asynccontextmanager
async def faulty_memory() -> AsyncIterator[FaultyMemory]:
    """A memory whose tiers can be broken; they are mended before it is closed."""
    settings = load_settings("memory://", environment={})
    async with AsyncExitStack() as stack:
        tiers, processors = await opened_parts(settings, stack)
        faulty: dict[str, Any] = {
            field.name: Faulty(field.name, adapter)
            for field in attrs.fields(Tiers)
            if field.name != "servers" and (adapter := getattr(tiers, field.name)) is not None
        }
        process = Memory(tiers=Tiers(**faulty), processors=processors, options=memory_options(settings))
        process.start()
        memory = HierarchicalMemoryManager(settings)
        memory._memory = process
        try:
            yield FaultyMemory(memory=memory, tiers=faulty)
        finally:
            for tier in faulty.values():
                tier.state = HEALTHY
            await process.close()
