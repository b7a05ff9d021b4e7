"""The summaries on a Chroma server are those of the in-memory model, whatever happened before."""

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from talktiers.adapters.chroma.server import ChromaServer
from talktiers.adapters.chroma.summary_index import ChromaSummaryIndex
from talktiers.adapters.in_memory.summary_index import InMemorySummaryIndex
from talktiers.domain.conversation import Conversation
from talktiers.domain.place import Scope
from talktiers.ports.contracts import examples
from talktiers.ports.contracts.strategies import BOTS, TENANTS, USERS, scopes
from talktiers.ports.summary_index import SummaryIndex, SummaryRecord

DIMENSIONS = 4
TOLERANCE = 1e-5
NUMBERS = st.integers(1, 12)
WHOM = st.fixed_dictionaries({"tenant_id": st.sampled_from(TENANTS), "user_id": st.sampled_from(USERS)})


def belonging(number: int) -> Conversation:
    """The conversation of that number: always of the same user, bot and place."""
    return examples.stored(
        number,
        tenant_id=TENANTS[number % 2],
        user_id=USERS[number // 2 % 2],
        bot_id=BOTS[number // 4 % 2],
        place=examples.PLACES[number % len(examples.PLACES)],
    )


def vectors() -> st.SearchStrategy[npt.NDArray[np.float32]]:
    """Few directions and any length: often equal, sometimes zero."""
    entry = st.sampled_from((-1.0, 0.0, 0.0, 0.5, 1.0))
    return st.lists(entry, min_size=DIMENSIONS, max_size=DIMENSIONS).map(lambda values: np.array(values, np.float32))


@st.composite
def records(draw: st.DrawFn) -> SummaryRecord:
    """A summary of one of twelve conversations, with a vector or without."""
    text = draw(st.sampled_from(("", "Ana: a fox", "naïve \U0001f98a", "\x01 '; --", "x" * 150)))
    return examples.summary_record(belonging(draw(NUMBERS)), text=text, vector=draw(st.none() | vectors()))


class ChromaAgrees(RuleBasedStateMachine):
    url: ClassVar[str]
    token: ClassVar[str | None]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.opened = contextlib.AsyncExitStack()
        self.model = InMemorySummaryIndex()
        self.server = self.runner.run(self.opened.enter_async_context(ChromaServer(url=self.url, token=self.token)))
        self.prefix = f"test-{secrets.token_hex(8)}"
        self.chroma = self.index("model-1", collections=2)

    def index(self, fingerprint: str, *, collections: int) -> ChromaSummaryIndex:
        return ChromaSummaryIndex(
            server=self.server,
            fingerprint=fingerprint,
            dimensions=DIMENSIONS,
            collections=collections,
            prefix=self.prefix,
        )

    def teardown(self) -> None:
        self.runner.run(self.index("model-0", collections=1).remove_outdated())
        self.runner.run(self.opened.aclose())
        self.runner.close()

    @property
    def both(self) -> tuple[SummaryIndex, SummaryIndex]:
        return self.model, self.chroma

    @rule(added=st.lists(records(), min_size=1, max_size=8))
    def add(self, added: Sequence[SummaryRecord]) -> None:
        for index in self.both:
            self.runner.run(index.add(records=added))

    @rule(whom=WHOM)
    def forget_user(self, whom: dict[str, str]) -> None:
        model, chroma = (self.runner.run(index.forget_user(**whom)) for index in self.both)
        assert chroma == model

    @rule(whom=WHOM, numbers=st.lists(NUMBERS, max_size=4))
    def forget_conversations(self, whom: dict[str, str], numbers: Sequence[int]) -> None:
        ids = [examples.conversation_id(number) for number in numbers]
        model, chroma = (
            self.runner.run(index.forget_conversations(**whom, conversation_ids=ids)) for index in self.both
        )
        assert chroma == model

    @rule(reader=scopes(), asked=vectors(), limit=st.integers(1, 14))
    def search(self, reader: Scope, asked: npt.NDArray[np.float32], limit: int) -> None:
        model, chroma = (self.runner.run(index.search(scope=reader, vector=asked, limit=limit)) for index in self.both)
        assert [match.similarity for match in chroma] == pytest.approx(
            [match.similarity for match in model], abs=TOLERANCE
        )
        every = self.runner.run(self.model.search(scope=reader, vector=asked, limit=99))
        similarities = {match.conversation_id: match.similarity for match in every}
        for match in chroma:
            assert match.similarity == pytest.approx(similarities[match.conversation_id], abs=TOLERANCE)

    @rule(reader=scopes())
    def read(self, reader: Scope) -> None:
        every = [examples.conversation_id(number) for number in range(14)]
        model, chroma = (self.runner.run(index.summaries(scope=reader, conversation_ids=every)) for index in self.both)
        assert chroma == model

    @rule()
    def come_back(self) -> None:
        """Another process, which knows no collection yet."""
        self.chroma = self.index("model-1", collections=2)

    @rule(added=st.lists(records(), min_size=1, max_size=3))
    def another_model_comes_and_goes(self, added: Sequence[SummaryRecord]) -> None:
        other = self.index("model-2", collections=1)
        self.runner.run(other.add(records=added))
        self.runner.run(self.chroma.remove_outdated())

    @invariant()
    def the_same_is_held(self) -> None:
        for tenant_id in TENANTS:
            for user_id in USERS:
                model, chroma = (
                    self.runner.run(index.conversation_ids(tenant_id=tenant_id, user_id=user_id)) for index in self.both
                )
                assert chroma == model


def test_chroma_agrees_with_the_model(chroma_url: str, chroma_token: str | None) -> None:
    ChromaAgrees.url, ChromaAgrees.token = chroma_url, chroma_token
    run_state_machine_as_test(ChromaAgrees, settings=settings(max_examples=20, stateful_step_count=15))
