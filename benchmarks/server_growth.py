"""Cost of growth: what ten times as many conversations add to each call, beside what they add to the raw one."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence

import attrs

from talktiers import open_memory
from talktiers.benchmarks.conversations import Exchange, Talk
from talktiers.benchmarks.report import Figure, Report, Table, Times, number
from talktiers.benchmarks.server_questions import opened
from talktiers.benchmarks.server_workspace import DECADES, MANY, SEVERAL, GrowingMemory, ServerWorkspace
from talktiers.benchmarks.store import store
from talktiers.benchmarks.workspace import Workspace, say, settings_for
from talktiers.domain.place import Scope
from talktiers.domain.recent_window import windows_for

_QUESTIONS = 300
_STORES = 60
_SEED = 77
_CONTEXT, _RAW_CONTEXT = "context", "raw calls together"
_DECADE = 10

Medians = Mapping[str, float]
"""p50 in milliseconds by what was called."""


@attrs.frozen(kw_only=True)
class _Line:
    """Medians of a memory at each of its sizes."""

    title: str
    sizes: Mapping[int, Medians]

    def growth(self, call: str) -> list[float]:
        """How many times longer at each size than at the one before, to be read by the decade."""
        values = [medians[call] for medians in self.sizes.values()]
        return [later / earlier for earlier, later in itertools.pairwise(values)]

    def table(self) -> Table:
        """A column a size, and one for what a step costs."""
        sizes = list(self.sizes)
        steps = [f"{later:,} / {earlier:,}" for earlier, later in itertools.pairwise(sizes)]
        calls = next(iter(self.sizes.values())) if self.sizes else ()
        return Table(
            title=self.title,
            header=("p50 ms", *(f"{size:,}" for size in sizes), *steps),
            rows=[
                [
                    call,
                    *(number(medians[call]) for medians in self.sizes.values()),
                    *(number(ratio) for ratio in self.growth(call)),
                ]
                for call in calls
            ],
        )


async def measure(workspace: ServerWorkspace) -> Report:
    """Users of a thousand conversations each, then of ten thousand; the memory in a file likewise."""
    sizes = _sizes(workspace.conversations)
    lines: list[_Line] = []
    figures: list[Figure] = []
    for a_user in (SEVERAL, MANY):
        fitting = [size for size in sizes if size >= a_user]
        if len(fitting) < 2:
            say(f"growth: no line of {a_user:,} conversations a user up to {workspace.conversations:,}")
            continue
        title = f"{a_user:,} conversations a user"
        line = _Line(title=f"on the servers, {title}", sizes=await _on_servers(workspace.growing(a_user), fitting))
        embedded = _Line(title=f"in a file, {title}", sizes=await _in_a_file(workspace, a_user, fitting))
        lines += [line, embedded]
        steps = zip(fitting[1:], line.growth(_CONTEXT), line.growth(_RAW_CONTEXT), strict=False)
        for size, ours, raw in steps:
            figures.append(
                Figure(name=f"{title}, to {size:,}: growth of context / of raw", value=ours / raw, bar="<= 1.2")
            )
        for size, ours in zip(fitting[1:], embedded.growth(_CONTEXT), strict=False):
            figures.append(Figure(name=f"{title}, to {size:,}: growth of context in a file", value=ours, bar="<= 1.5"))
    return Report(tables=[line.table() for line in lines if line.sizes], figures=figures)


def _sizes(largest: int) -> list[int]:
    """The decades up to the largest size; at least two steps, so that there is a growth."""
    sizes = [size for size in DECADES if size < largest]
    return [*(sizes or [largest // _DECADE]), largest]


async def _on_servers(growing: GrowingMemory, sizes: Sequence[int]) -> dict[int, Medians]:
    medians: dict[int, Medians] = {}
    for size in sizes:
        if growing.conversations > size:
            say(f"growth: not measured at {size:,}, the memory holds {growing.conversations:,} already")
            continue
        await growing.grow(size)
        say(f"growth: asking {growing.conversations:,} conversations of {growing.users} users")
        medians[size] = await _medians(growing)
    return medians


async def _medians(growing: GrowingMemory) -> Medians:
    calls: dict[str, list[float]] = {}
    async with opened(growing) as on:
        cache = on.tiers.cache
        assert cache is not None
        questions = await on.questions(_QUESTIONS)
        await on.warm_up(questions)
        for question in questions:
            timed = _Timed(calls)
            await cache.read(keys=windows_for(Scope(user_id=question.user_id)))
            timed("recent read")
            await on.raw.recent(question)
            timed("raw LRANGE")
            await on.memory.search(question.user_id, question.text)
            timed("search")
            await on.memory.get_conversation_context(question.user_id, question.text)
            timed(_CONTEXT)
            await on.raw.together(question)
            timed(_RAW_CONTEXT)
        for exchange in _further(questions[0].user_id, at=growing.conversations):
            row = await on.raw.row(attrs.evolve(exchange, key=f"{exchange.key}-raw"))
            timed = _Timed(calls)
            await store(on.memory, exchange)
            timed("store")
            await on.raw.insert(row)
            timed("raw insert")
            await on.memory.settle()
    return {call: Times(values).p50 for call, values in calls.items()}


async def _in_a_file(workspace: ServerWorkspace, a_user: int, sizes: Sequence[int]) -> dict[int, Medians]:
    files = Workspace(workspace.folder, conversations=workspace.conversations)
    medians: dict[int, Medians] = {}
    asked_about: list[Exchange] = []
    users = held = 0
    for size in sizes:
        joining = max(1, (size - held) // a_user)
        talk = Talk(users=joining, first_user=users, seed=_SEED + users)
        filled = await files.fill(f"growth-{a_user}", talk, size - held)
        asked_about += filled.asked_about
        users, held = users + joining, size
        say(f"growth: asking {held:,} conversations of {users} users in a file")
        questions = [(exchange.user_id, talk.question(exchange)) for exchange in _spread(asked_about)]
        calls: dict[str, list[float]] = {}
        async with open_memory(settings_for(filled.path)) as memory:
            for user_id, text in questions:
                await memory.get_conversation_context(user_id, text)
            for user_id, text in questions:
                timed = _Timed(calls)
                await memory.search(user_id, text)
                timed("search")
                await memory.get_conversation_context(user_id, text)
                timed(_CONTEXT)
            for exchange in _further(questions[0][0], at=held):
                timed = _Timed(calls)
                await store(memory, exchange)
                timed("store")
                await memory.settle()
        medians[size] = {call: Times(values).p50 for call, values in calls.items()}
    if sizes:
        (workspace.folder / f"growth-{a_user}.db").unlink()
    return medians


class _Timed:
    """Notes the milliseconds since it was made, or called last."""

    def __init__(self, calls: dict[str, list[float]]) -> None:
        self._calls = calls
        self._began = time.perf_counter()

    def __call__(self, call: str) -> None:
        self._calls.setdefault(call, []).append(1000 * (time.perf_counter() - self._began))
        self._began = time.perf_counter()


def _spread(exchanges: Sequence[Exchange]) -> Sequence[Exchange]:
    """Some of them, evenly from all that there are."""
    return exchanges[:: max(1, len(exchanges) // _QUESTIONS)][:_QUESTIONS]


def _further(user_id: str, *, at: int) -> list[Exchange]:
    """What a user goes on to say, other things at each size."""
    exchanges = Talk(users=1, seed=_SEED + at).exchanges(_STORES)
    return [attrs.evolve(exchange, user_id=user_id) for exchange in exchanges]
