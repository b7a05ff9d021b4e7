"""One user with 20,000 conversations who goes on talking: a store after every tenth context."""

from __future__ import annotations

import itertools
import random
import time

from talktiers import open_memory
from talktiers.benchmarks.context import complete
from talktiers.benchmarks.conversations import Talk
from talktiers.benchmarks.report import TIMES_HEADER, Figure, Report, Table, Times, number
from talktiers.benchmarks.store import store
from talktiers.benchmarks.workspace import Workspace, say, settings_for

_CONVERSATIONS = 20_000
_CONTEXTS = 600
_CONTEXTS_A_STORE = 10


async def measure(workspace: Workspace) -> Report:
    """One caller; what is stored is projected meanwhile, by this process."""
    talk = Talk(users=1, seed=7)
    size = min(_CONVERSATIONS, workspace.conversations)
    filled = await workspace.fill("one-user", talk, size)
    further = (exchange for exchange in Talk(users=1, seed=8).exchanges(1_000_000))
    chosen = random.Random(9).choices(filled.asked_about, k=_CONTEXTS)
    contexts: list[float] = []
    stores: list[float] = []
    incomplete = 0
    say("one user: asking")
    async with open_memory(settings_for(filled.path)) as memory:
        for index, exchange in enumerate(chosen):
            question = talk.question(exchange)
            began = time.perf_counter()
            bundle = await memory.get_conversation_context(exchange.user_id, question)
            contexts.append(1000 * (time.perf_counter() - began))
            incomplete += not complete(bundle)
            if index % _CONTEXTS_A_STORE == _CONTEXTS_A_STORE - 1:
                (new,) = itertools.islice(further, 1)
                began = time.perf_counter()
                await store(memory, new)
                stores.append(1000 * (time.perf_counter() - began))
    after = Times(contexts[1:])
    return Report(
        tables=[
            Table(
                title=f"one user with {size:,} conversations, a store after every tenth context",
                header=("", *TIMES_HEADER),
                rows=[
                    ["context", *after.cells()],
                    ["the first context", number(contexts[0]), "", "", ""],
                    ["store", *Times(stores).cells()],
                ],
            )
        ],
        figures=[
            Figure(name="context, p95", value=after.p95, unit="ms", bar="<= 20"),
            Figure(name="contexts that some tier was missing in", value=incomplete, bar="0"),
        ],
    )
