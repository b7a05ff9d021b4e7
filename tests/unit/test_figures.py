"""Figures and health tell what is so, and nothing that is nobody's business."""

from __future__ import annotations

from typing import Any

import attrs

from talktiers import open_memory
from talktiers.application.figures import Figures
from talktiers.application.usage import Usage


class Unreachable:
    """A foreign tier whose driver quotes its address, as many do."""

    def __getattr__(self, _: str) -> Any:
        async def call(**_: Any) -> None:
            raise ValueError("cannot connect to bolt://memory:hunter2@graph:7687")

        return call


async def test_health_does_not_quote_what_a_driver_says() -> None:
    async with open_memory("memory://") as memory:
        process = memory._open
        figures = Figures(
            tiers=attrs.evolve(process.tiers, graph=Unreachable()), processors=process.processors, usage=Usage()
        )
        health = await figures.health()
    assert not health.ok
    (graph,) = (tier for tier in health.tiers if tier.tier == "graph")
    assert (graph.status, graph.reason) == ("error", "ValueError")


async def test_the_kept_figures_of_contexts_are_not_diluted_by_searches() -> None:
    async with open_memory("memory://") as memory:
        await memory.store_conversation("ana", "My sister plays the violin", "How lovely!")
        await memory.settle(timeout_s=10)
        bundle = await memory.get_conversation_context("ana", "violin", deadline_ms=5000)
        for _ in range(3):
            await memory.search("ana", "violin")
        kept = (await memory.stats()).kept
    assert kept.retrievals == 4
    assert kept.context_chars_mean == bundle.assembly_metadata.context_chars
