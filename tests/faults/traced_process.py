"""Stores while it is traced; what it writes to /dev/null marks in the trace where a store begins and is acknowledged."""

from __future__ import annotations

import asyncio
import os
import sys

from talktiers import HierarchicalMemoryManager, open_memory

SEQUENTIAL = 10
CALLERS, EACH = 16, 10
MARK = "mark:"


async def main(path: str, synchronous: str) -> None:
    trace = os.open(os.devnull, os.O_WRONLY)

    def mark(what: str) -> None:
        os.write(trace, f"{MARK}{what}.".encode())

    async def store(memory: HierarchicalMemoryManager, key: str) -> None:
        await memory.store_conversation("42", f"My sister moved to Porto {key}", "How exciting!", idempotency_key=key)

    settings = {
        "sqlite": {"path": path, "synchronous": synchronous},
        "embedder": {"backend": "off"},
        "projector": {"poll_s": 0.01},
    }
    async with open_memory(settings) as memory:
        for number in range(SEQUENTIAL):
            await memory.settle()  # commits of derived data, which need no sync, come before each store
            mark(f"store {number}")
            await store(memory, f"alone-{number}")
            mark(f"acknowledged {number}")

        async def call(caller: int) -> None:
            for number in range(EACH):
                await store(memory, f"together-{caller}-{number}")

        mark("together")
        await asyncio.gather(*map(call, range(CALLERS)))
        mark("all acknowledged")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
