"""Tiers that die at a chosen call: what a process can lose between two steps."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import Any, TypeVar, cast

import attrs

from talktiers.application.tiers import Tiers

T = TypeVar("T")


class Crash(BaseException):
    """The process is gone. No `except Exception` may see it."""


class CrashSwitch:
    """Counts calls of all tiers of one process; when the chosen one is reached, this and every later one dies."""

    def __init__(self) -> None:
        self.calls_left: int | None = None
        self.crashed = False

    def arm(self, calls: int) -> None:
        self.calls_left = calls

    def step(self) -> None:
        if self.crashed:
            raise Crash
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                self.crashed = True
                raise Crash


class Crashing:
    """An adapter whose every call may be the last: before it did anything, or after, with its answer lost."""

    def __init__(self, adapter: Any, switch: CrashSwitch) -> None:
        self._adapter = adapter
        self._switch = switch

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._adapter, name)
        if not inspect.iscoroutinefunction(attribute):
            return attribute

        @functools.wraps(attribute)
        async def call(**arguments: Any) -> Any:
            self._switch.step()
            result = await attribute(**arguments)
            self._switch.step()
            return result

        return call


def crashing(tiers: Tiers, switch: CrashSwitch) -> Tiers:
    """The same tiers, each behind the switch."""
    return attrs.evolve(
        tiers,
        **{
            field.name: _behind(switch, adapter)
            for field in attrs.fields(Tiers)
            if (adapter := getattr(tiers, field.name)) is not None
        },
    )


def _behind(switch: CrashSwitch, adapter: T) -> T:
    """It has the adapter's methods, and passes for it."""
    return cast("T", Crashing(adapter, switch))


async def abandon_other_tasks() -> None:
    """Ends every other task of the loop, as the end of a process does.

    Those that a driver has begun for itself are left to it: its connections live on, and to be without what looks after
    them is nothing that can happen.
    """
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and _is_ours(task)]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _is_ours(task: asyncio.Task[Any]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and "site-packages" not in code.co_filename
