"""The forms in which a conversation can be shown: in full, as its best passage, as its summary."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from .context_material import Candidate, ContextMaterial, Part
from .conversation import Conversation
from .packed_context import Entry, Form
from .passages import PassageReader
from .question_terms import QuestionTerms
from .quoting import quoted
from .rendering import Renderer
from .sides import Sides

MIN_ENTRY_CHARS = 40
"""An entry cut shorter than this says too little for its place."""

_FULL_ROOMS = 2
"""A text of more than so many times the room is not even tried in full."""


class ConversationForms:
    """Makes the entries of one material; each text is taken apart once."""

    def __init__(self, material: ContextMaterial, *, renderer: Renderer) -> None:
        self._terms = QuestionTerms(material.question)
        self._no_terms = QuestionTerms(attrs.evolve(material.question, idf={}))
        self._renderer = renderer
        self._candidates = {item.conversation_id: item for item in reversed(material.candidates)}
        self._part_tiers = {Part.RECENT: material.recent_tier, Part.OLDER: material.older_tier}
        self._readers: dict[str, PassageReader] = {}
        self._known_names: dict[Sides, Sides] = {}
        self._name_bits: dict[Sides, int] = {}
        self._full: dict[str, tuple[Sides, tuple[str, ...]]] = {}

    def candidate(self, conversation: Conversation) -> Candidate | None:
        """How the question brought a conversation back."""
        return self._candidates.get(conversation.conversation_id)

    def tiers(self, part: Part, conversation: Conversation) -> tuple[str, ...]:
        """Where a conversation came from, the part's own tier first."""
        candidate = self.candidate(conversation)
        own = (self._part_tiers[part],) if part in self._part_tiers else ()
        return own if candidate is None else (*own, *(tier for tier in candidate.tiers if tier not in own))

    def full(self, part: Part, conversation: Conversation, *, room: int) -> Entry | None:
        """The whole conversation; ``None`` where it takes more than ``room`` characters."""
        if conversation.text_chars > _FULL_ROOMS * room:
            return None
        if conversation.conversation_id not in self._full:
            said = Sides(user=quoted(conversation.user_message), bot=quoted(conversation.bot_response))
            self._full[conversation.conversation_id] = said, self._turns(conversation, said)
        said, lines = self._full[conversation.conversation_id]
        if not lines or lines_cost(lines) > room:
            return None
        return self._entry(part, conversation, Form.FULL, lines, said)

    def brief(self, part: Part, conversation: Conversation, *, room: int) -> Entry | None:
        """The best passage or the summary, whichever holds more of what was asked, in at most ``room`` characters.

        ``None`` where there is no room for anything worth its place.
        """
        if room < MIN_ENTRY_CHARS:
            return None
        passage = self._reader(conversation).passage(room)
        candidate = self.candidate(conversation)
        if candidate is not None and candidate.summary is not None and not passage.whole:
            line = self._renderer.summary(candidate.summary.text)
            # A passage stands behind its speakers' names anyway.
            named = self._named(conversation)
            mass = self._terms.mass(passage.found | named)
            summarised = self._terms.mass(self._terms.seen_in(candidate.summary.text) | named)
            if len(line) < room and (summarised > mass or not passage.found):
                return self._entry(part, conversation, Form.SUMMARY, (line,), Sides(user="", bot=""))
        lines = self._turns(conversation, passage.sides)
        cost = lines_cost(lines)
        if not lines or cost > room:
            return None
        # What was said lately is shown even if a long text has little to say; elsewhere, or cut so short, it is not.
        little_is_enough = passage.whole or (part is Part.RECENT and room >= 2 * MIN_ENTRY_CHARS)
        if cost < MIN_ENTRY_CHARS and not little_is_enough:
            return None
        return self._entry(part, conversation, Form.PASSAGE, lines, passage.sides)

    def _reader(self, conversation: Conversation) -> PassageReader:
        reader = self._readers.get(conversation.conversation_id)
        if reader is None:
            names = self._names(conversation)
            reader = self._readers[conversation.conversation_id] = PassageReader(
                Sides(user=conversation.user_message, bot=conversation.bot_response),
                terms=self._terms if self._asked(conversation) else self._no_terms,
                label_chars=(len(self._renderer.turn(names.user, "")) + 1, len(self._renderer.turn(names.bot, "")) + 1),
                speakers=frozenset(f"{names.user} {names.bot}".lower().split()),
            )
        return reader

    def _asked(self, conversation: Conversation) -> bool:
        """Whether a conversation can hold what was asked: where there are candidates, it would be among them."""
        return not self._candidates or conversation.conversation_id in self._candidates

    def _names(self, conversation: Conversation) -> Sides:
        key = Sides(user=conversation.user_name, bot=conversation.bot_name)
        if key not in self._known_names:
            self._known_names[key] = self._renderer.names(conversation)
        return self._known_names[key]

    def _named(self, conversation: Conversation) -> int:
        """The bits of the question's terms that are the speakers' names."""
        names = self._names(conversation)
        if names not in self._name_bits:
            self._name_bits[names] = self._terms.bits_of(" ".join(names))
        return self._name_bits[names]

    def _turns(self, conversation: Conversation, said: Sides) -> tuple[str, ...]:
        names = self._names(conversation)
        return tuple(self._renderer.turn(name, text) for name, text in zip(names, said, strict=True) if text)

    def _entry(self, part: Part, conversation: Conversation, form: Form, lines: tuple[str, ...], said: Sides) -> Entry:
        return Entry(
            part=part,
            conversation=conversation,
            form=form,
            lines=lines,
            said=said,
            tiers=self.tiers(part, conversation),
            candidate=self.candidate(conversation),
        )


def lines_cost(lines: Iterable[str]) -> int:
    """Characters of lines with their line breaks."""
    return sum(len(line) + 1 for line in lines)
