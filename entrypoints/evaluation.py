"""Evaluation on labelled conversations: what the memory brings back, what its contexts hold, what each tier adds."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import attrs

from ..adapters.sources.locomo import LabelledConversation, LocomoFiles, locomo_files, read_locomo
from ..adapters.text.analyser import SnowballAnalyser
from ..application.import_report import ImportReport
from ..domain.context_budget import DEFAULT_MAX_CHARS
from ..domain.context_bundle import ContextBundle
from ..domain.context_material import Part
from ..domain.conversation import Conversation, ScoredConversation
from ..domain.errors import MigrationError
from ..domain.identifiers import DEFAULT_TENANT_ID, keyed_conversation_id
from ..domain.recall import Figures, FigureTable, LabelledQuestion, mean_figures, ranking_figures
from ..domain.rendering import PlainRenderer
from ..ports.text_analyser import TextAnalyser
from .manager import HierarchicalMemoryManager, open_memory
from .settings import OFF, Settings

SWITCHED_OFF: Final = ("cache", "lexical", "summaries", "graph")
"""What each adds is what the figures lose without it."""

EVERYTHING: Final = "everything on"
ONE_EDIT: Final = "one edit a question"

CONTEXT: Final = "context"
"""Share of the evidence that the context shows, in full, as passage or as summary."""
ANSWER: Final = "answer"
"""Share of the answer's content words that stand in the context."""
ANSWER_FULL: Final = "answer/full"
"""The same where the best-ranked full texts, with their days, fill the space of the context's relevant part, alone."""
SEARCH_MS: Final = "search ms"
CONTEXT_MS: Final = "context ms"

_DEADLINE_MS: Final = 5_000.0
"""What is measured is what is found; a busy machine is not to change it. Times are reported beside it."""

_RANKED: Final = 50
_MIN_EDITED_CHARS: Final = 4
"""Shorter words are seldom mistyped, and hardly to be mended."""
_WORD: Final = re.compile(rf"[^\W\d_]{{{_MIN_EDITED_CHARS},}}")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


@attrs.frozen(kw_only=True)
class Variant:
    """One way of running the questions, and its mean figures, of all questions first, then by category."""

    name: str
    tables: dict[str, FigureTable]


@attrs.frozen(kw_only=True)
class Evaluation:
    """What was measured.

    Attributes:
        incomplete: contexts in which a tier failed or was late, over all variants.
    """

    imported: ImportReport
    questions: int
    max_chars: int
    variants: tuple[Variant, ...]
    incomplete: int
    duration_s: float


class Evaluate:
    """Imports labelled conversations into a database and asks their questions through the public calls.

    Args:
        settings: of the memory; its database should hold nothing else of these users.
        seed: of the random edits.
        on_progress: called with what is done at present and its share, 0 to 1.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        max_chars: int = DEFAULT_MAX_CHARS,
        seed: int = 0,
        on_progress: Callable[[str, float | None], None] = lambda _text, _share: None,
    ) -> None:
        self._settings = settings
        self._max_chars = max_chars
        self._seed = seed
        self._on_progress = on_progress
        self._analyser: TextAnalyser = SnowballAnalyser(default_language=settings.lexical.language)
        self._incomplete = 0

    async def __call__(self, folder: Path, *, edits: bool = False) -> Evaluation:
        """Measures.

        Args:
            folder: of LoCoMo files, or one of them.
            edits: whether to ask every question once more with one random typing error.

        Raises:
            MigrationError: no such files, or none with a labelled question.
        """
        began = time.perf_counter()
        conversations = [read_locomo(path) for path in locomo_files(folder)]
        questions = sum(len(item.questions) for item in conversations)
        if not questions:
            raise MigrationError(f"{folder} holds no question with labelled evidence: there is nothing to measure")
        imported = await self._import(folder)
        variants = [await self._run(EVERYTHING, self._settings, conversations)]
        if edits:
            variants.append(await self._run(ONE_EDIT, self._settings, conversations, edits=True))
        for tier in SWITCHED_OFF:
            section = getattr(self._settings, tier)
            if section.backend == OFF:
                continue
            without = attrs.evolve(self._settings, **{tier: attrs.evolve(section, backend=OFF)})
            variants.append(await self._run(f"without {tier}", without, conversations))
        return Evaluation(
            imported=imported,
            questions=questions,
            max_chars=self._max_chars,
            variants=tuple(variants),
            incomplete=self._incomplete,
            duration_s=time.perf_counter() - began,
        )

    async def _import(self, folder: Path) -> ImportReport:
        async with open_memory(self._settings) as memory:
            report = await memory.import_conversations(
                LocomoFiles(path=str(folder)),
                on_progress=lambda report: self._on_progress("importing", report.progress),
            )
            await memory.settle()
        return report

    async def _run(
        self, name: str, settings: Settings, conversations: Sequence[LabelledConversation], *, edits: bool = False
    ) -> Variant:
        total = sum(len(item.questions) for item in conversations)
        rows: list[tuple[str, Figures]] = []
        async with open_memory(settings) as memory:
            for conversation in conversations:
                places = _Places.of(conversation)
                for question in conversation.questions:
                    text = edited(question.text, seed=self._seed) if edits else question.text
                    rows.append((question.category, await self._ask(memory, places, question, text)))
                    self._on_progress(name, len(rows) / total)
        return Variant(name=name, tables=mean_figures(rows))

    async def _ask(
        self, memory: HierarchicalMemoryManager, places: _Places, question: LabelledQuestion, text: str
    ) -> Figures:
        began = time.perf_counter()
        found = await memory.search(places.user_id, text, _RANKED, deadline_ms=_DEADLINE_MS)
        searched = time.perf_counter()
        bundle = await memory.get_conversation_context(places.user_id, text, self._max_chars, deadline_ms=_DEADLINE_MS)
        finished = time.perf_counter()
        self._incomplete += not bundle.assembly_metadata.complete
        evidence = {places.id_of[key] for key in question.evidence}
        figures = ranking_figures(
            [item.conversation_id for item in found], evidence=evidence, session_of=places.session_of
        )
        explanation = bundle.explain()
        represented = {line.entry.conversation_id for line in explanation.lines if line.entry is not None}
        figures[CONTEXT] = len(evidence & represented) / len(evidence)
        if wanted := frozenset(self._analyser.analyse(text=question.answer or "").terms):
            figures[ANSWER] = self._held(wanted, bundle.to_context_string())
            figures[ANSWER_FULL] = self._held(wanted, full_texts(found, chars=relevant_chars(bundle)))
        figures[SEARCH_MS] = 1000 * (searched - began)
        figures[CONTEXT_MS] = 1000 * (finished - searched)
        return figures

    def _held(self, wanted: frozenset[str], text: str) -> float:
        """Share of the terms that a text holds."""
        return len(wanted.intersection(self._analyser.analyse(text=text).terms)) / len(wanted)


@attrs.frozen
class _Places:
    """A labelled conversation's keys as the memory knows them."""

    user_id: str
    id_of: dict[str, str]
    session_of: dict[str, str]

    @classmethod
    def of(cls, conversation: LabelledConversation) -> _Places:
        id_of: dict[str, str] = {}
        session_of: dict[str, str] = {}
        for record in conversation.records:
            key = record.idempotency_key or ""
            id_of[key] = keyed_conversation_id(tenant_id=DEFAULT_TENANT_ID, idempotency_key=key)
            session_of[id_of[key]] = record.session_id or ""
        return cls(conversation.user_id, id_of, session_of)


def relevant_chars(bundle: ContextBundle) -> int:
    """Characters that the relevant part of a context takes, its headings and days included."""
    return sum(line.cost_chars for line in bundle.explain().lines if line.part is Part.RELEVANT)


def full_texts(found: Sequence[ScoredConversation], *, chars: int) -> str:
    """The full texts of the best-ranked conversations with their days, until so many characters are full."""
    return "\n".join(line for item in found for line in _lines(item.conversation))[:chars]


def _lines(conversation: Conversation) -> Iterator[str]:
    yield PlainRenderer().day(conversation.occurred_at)
    for name, message in (
        (conversation.user_name, conversation.user_message),
        (conversation.bot_name, conversation.bot_response),
    ):
        if message:
            yield f"{name}: {message}" if name else message


def edited(question: str, *, seed: int) -> str:
    """A question with one typing error, the same for the same seed: a letter too many, too few, wrong or swapped.

    A question without a word of at least four letters stays as it is.
    """
    chance = random.Random(f"{seed}:{question}")  # noqa: S311  # reproducible, not secret
    words = [match.span() for match in _WORD.finditer(question)]
    if not words:
        return question
    start, end = chance.choice(words)
    word = question[start:end]
    while (typed := _mistyped(word, chance)) == word:
        pass
    return question[:start] + typed + question[end:]


def _mistyped(word: str, chance: random.Random) -> str:
    at = chance.randrange(len(word))
    match chance.choice(("insert", "delete", "substitute", "swap")):
        case "insert":
            return word[:at] + chance.choice(_LETTERS) + word[at:]
        case "delete":
            return word[:at] + word[at + 1 :]
        case "substitute":
            return word[:at] + chance.choice(_LETTERS) + word[at + 1 :]
        case _:
            at = min(at, len(word) - 2)
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
