"""Context: how long it takes in the large memory, question embedded, beside raw reads of the same rows."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

from talktiers import ContextBundle, HierarchicalMemoryManager, open_memory
from talktiers.adapters.text.analyser import SnowballAnalyser
from talktiers.benchmarks.conversations import Exchange, Talk
from talktiers.benchmarks.raw_sqlite import RawFile
from talktiers.benchmarks.report import TIMES_HEADER, Figure, Report, Table, Times
from talktiers.benchmarks.workspace import USERS, Workspace, say, settings_for

_A_USER = 12
_READ_BY_ID = 30


async def measure(workspace: Workspace) -> Report:
    """One caller, all users in a shuffled order; the first context of each user by itself."""
    filled = await workspace.filled()
    path = await workspace.copied("context")
    questions = questions_for(filled.asked_about, a_user=_A_USER)
    first: list[float] = []
    after: list[float] = []
    raw: list[float] = []
    searches: list[float] = []
    incomplete = 0
    analyser = SnowballAnalyser()
    say("context: asking")
    async with open_memory(settings_for(path)) as memory:
        reader = RawFile.of(path, synchronous="FULL")
        seen: set[str] = set()
        for exchange, question in questions:
            began = time.perf_counter()
            bundle = await memory.get_conversation_context(exchange.user_id, question)
            (after if exchange.user_id in seen else first).append(_ms_since(began))
            seen.add(exchange.user_id)
            incomplete += not complete(bundle)
            began = time.perf_counter()
            found = await memory.search(exchange.user_id, question, limit=_READ_BY_ID)
            searches.append(_ms_since(began))
            user_no = reader.user_no(exchange.user_id)
            terms = analyser.analyse(text=question).terms
            ids = [item.conversation_id for item in found]
            began = time.perf_counter()
            reader.read(user_no=user_no, terms=terms, conversation_ids=ids)
            raw.append(_ms_since(began))
        reader.close()
    everything = Times([*first, *after])
    return Report(
        tables=[
            Table(
                title=f"context, {filled.conversations:,} conversations of {USERS} users, one caller",
                header=("", *TIMES_HEADER),
                rows=[
                    [f"all {len(everything.values):,}", *everything.cells()],
                    ["the first of each user", *Times(first).cells()],
                    ["the others", *Times(after).cells()],
                    ["search", *Times(searches).cells()],
                    ["raw reads of the same rows", *Times(raw).cells()],
                ],
            )
        ],
        figures=[
            Figure(name="context, the others, p95", value=Times(after).p95, unit="ms", bar="<= 15"),
            Figure(name="context, all, p95", value=everything.p95, unit="ms", bar="<= 15"),
            Figure(name="context / raw reads, p50", value=everything.p50 / Times(raw).p50),
            Figure(name="contexts that some tier was missing in", value=incomplete, bar="0"),
        ],
    )


def questions_for(asked_about: Sequence[Exchange], *, a_user: int) -> list[tuple[Exchange, str]]:
    """So many questions a user, in a shuffled order."""
    talk = Talk(users=USERS, seed=4)
    shuffled = list(asked_about)
    random.Random(5).shuffle(shuffled)
    of_user: dict[str, list[tuple[Exchange, str]]] = {}
    for exchange in shuffled:
        chosen = of_user.setdefault(exchange.user_id, [])
        if len(chosen) < a_user:
            chosen.append((exchange, talk.question(exchange)))
    questions = [question for chosen in of_user.values() for question in chosen]
    random.Random(6).shuffle(questions)
    return questions


async def ask(memory: HierarchicalMemoryManager, exchange: Exchange, question: str) -> ContextBundle:
    """A context as a bot would ask for it."""
    return await memory.get_conversation_context(exchange.user_id, question)


def complete(bundle: ContextBundle) -> bool:
    """Whether every tier answered in time."""
    return all(report.status == "ok" for report in bundle.assembly_metadata.tiers)


def _ms_since(began: float) -> float:
    return 1000 * (time.perf_counter() - began)
