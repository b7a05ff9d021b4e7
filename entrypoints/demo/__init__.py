"""The demonstration: six weeks of one person and a bot, and three questions about them."""

from __future__ import annotations

import importlib.resources
import time
from collections.abc import Callable
from typing import Final

import attrs

from ...adapters.sources.jsonl import JsonLines
from ...application.import_report import ImportReport
from ...domain.context_bundle import ContextBundle
from ...domain.place import Audience, Place
from ..manager import HierarchicalMemoryManager, open_memory
from ..settings import Settings

USER_ID: Final = "mira"

_DEADLINE_MS: Final = 2_000.0
"""The times are shown as they are; a busy machine is not to leave a tier out."""

_DIRECT: Final = Place(audience=Audience.DIRECT)
_CLUB: Final = Place(audience=Audience.PUBLIC_CHANNEL, channel_id="boathouse", server_id="rowing-club")


@attrs.frozen(kw_only=True)
class DemoQuestion:
    """A question, and from where it is asked.

    Attributes:
        shows: what to look for in the answer.
        private_word: a word that only private conversations hold, where the question is to show that they stay out.
    """

    text: str
    place: Place
    shows: str
    private_word: str | None = None


QUESTIONS: Final = (
    DemoQuestion(
        text="Where does my sister live now, and when do I fly there?",
        place=_DIRECT,
        shows="both facts were said a week apart, weeks ago",
    ),
    DemoQuestion(
        text="What must I not cook for Tomas?",
        place=_DIRECT,
        shows="an allergy, told weeks ago in other words",
    ),
    DemoQuestion(
        text="What do you know about my new job?",
        place=_CLUB,
        shows="asked in the club's public channel: Mira told it in private, so it stays out",
        private_word="museum",
    ),
)


@attrs.frozen(kw_only=True)
class Asked:
    """A question with the context it got.

    Attributes:
        in_private: the context for the same question in a direct message, where that is the point.
    """

    question: DemoQuestion
    bundle: ContextBundle
    in_private: ContextBundle | None = None

    @property
    def private_stays_out(self) -> bool | None:
        """Whether the private word is in the private context and not in this one; ``None``: not the point."""
        word = self.question.private_word
        if word is None or self.in_private is None:
            return None
        public, private = self.bundle.to_context_string(), self.in_private.to_context_string()
        return word in private.lower() and word not in public.lower()


@attrs.frozen(kw_only=True)
class Stored:
    """The conversation in the memory. ``searchable_s``: from the first store until every tier held everything."""

    report: ImportReport
    searchable_s: float


async def run_demo(
    settings: Settings, *, on_stored: Callable[[Stored], None], on_asked: Callable[[Asked], None]
) -> None:
    """Stores the conversation, asks the questions.

    Repeating it on the same database stores nothing twice.

    Args:
        on_stored: called when everything is stored and searchable.
        on_asked: called with each question as soon as it has its context.
    """
    began = time.perf_counter()
    conversation = importlib.resources.files(__name__) / "conversation.jsonl"
    async with open_memory(settings) as memory:
        with importlib.resources.as_file(conversation) as path:
            report = await memory.import_conversations(JsonLines(path=str(path)))
        await memory.settle()
        on_stored(Stored(report=report, searchable_s=time.perf_counter() - began))
        for question in QUESTIONS:
            on_asked(await _ask(memory, question))


async def _ask(memory: HierarchicalMemoryManager, question: DemoQuestion) -> Asked:
    bundle = await _context(memory, question, question.place)
    in_private = None if question.private_word is None else await _context(memory, question, _DIRECT)
    return Asked(question=question, bundle=bundle, in_private=in_private)


async def _context(memory: HierarchicalMemoryManager, question: DemoQuestion, place: Place) -> ContextBundle:
    return await memory.get_conversation_context(
        USER_ID,
        question.text,
        channel_id=place.channel_id,
        server_id=place.server_id,
        audience=place.audience,
        max_context_length=2000,
        deadline_ms=_DEADLINE_MS,
    )
