"""The assembled context: what was found, ready for the prompt, with the trace of every line."""

from __future__ import annotations

from typing import Literal, TypedDict

import attrs

from .assembly_metadata import AssemblyMetadata, TierReport, TierStatus
from .context_budget import ContextBudget, ContextShares
from .context_material import ContextMaterial, Part
from .conversation import Conversation, ScoredConversation
from .derived import Summary
from .explanation import Explanation
from .packed_context import Form, PackedContext
from .packing import ContextPacker
from .quoting import LINE_BREAK
from .rendering import PlainRenderer, Renderer

__all__ = ["AssemblyMetadata", "ChatMessage", "ContextBundle", "TierReport", "TierStatus"]


class ChatMessage(TypedDict):
    """One message as chat APIs take it."""

    role: Literal["system", "user", "assistant"]
    content: str


@attrs.frozen(kw_only=True)
class ContextBundle:
    """What a bot gets before it answers.

    Attributes:
        recent_messages: the last conversations in the context, oldest first.
        semantic_summaries: summaries of the relevant conversations that stand there abridged, best first; one that has
            no summary yet is missing here, not in the context.
        related_topics, interests: labels, strongest first, whether or not there was room for them.
        full_conversations: the relevant conversations that stand there in full, best first.
    """

    recent_messages: tuple[Conversation, ...]
    semantic_summaries: tuple[Summary, ...]
    related_topics: tuple[str, ...]
    interests: tuple[str, ...]
    full_conversations: tuple[ScoredConversation, ...]
    assembly_metadata: AssemblyMetadata
    _budget: ContextBudget = attrs.field(alias="budget", repr=False, eq=False)
    _packer: ContextPacker = attrs.field(alias="packer", repr=False, eq=False)
    _packed: PackedContext = attrs.field(alias="packed", repr=False, eq=False)

    @classmethod
    def assemble(
        cls,
        *,
        material: ContextMaterial,
        metadata: AssemblyMetadata,
        budget: ContextBudget | None = None,
        shares: ContextShares | None = None,
        renderer: Renderer | None = None,
    ) -> ContextBundle:
        """Packs the material into the budget.

        Args:
            metadata: its sizes are filled in here.
            budget: 4,000 characters where none is given.
            renderer: plain text where none is given.
        """
        budget = budget or ContextBudget()
        packer = ContextPacker(material, shares=shares or ContextShares(), renderer=renderer or PlainRenderer())
        packed = packer.pack(budget)
        relevant = sorted(
            ((entry, entry.candidate) for entry in packed.of(Part.RELEVANT) if entry.candidate is not None),
            key=lambda pair: -pair[1].score,
        )
        return cls(
            recent_messages=tuple(entry.conversation for entry in packed.of(Part.RECENT)),
            semantic_summaries=tuple(
                candidate.summary
                for entry, candidate in relevant
                if entry.form is not Form.FULL and candidate.summary is not None
            ),
            related_topics=tuple(topic.label for topic in material.related_topics),
            interests=tuple(topic.label for topic in material.interests),
            full_conversations=tuple(
                ScoredConversation(conversation=entry.conversation, score=candidate.score)
                for entry, candidate in relevant
                if entry.form is Form.FULL
            ),
            assembly_metadata=attrs.evolve(
                metadata,
                context_chars=len(packed.text),
                max_chars=budget.max_chars,
                max_tokens=budget.max_tokens,
            ),
            budget=budget,
            packer=packer,
            packed=packed,
        )

    def timed(self, retrieval_time_ms: float) -> ContextBundle:
        """The same bundle with the time that it took, in milliseconds."""
        return attrs.evolve(
            self, assembly_metadata=attrs.evolve(self.assembly_metadata, retrieval_time_ms=retrieval_time_ms)
        )

    def during_migration(self, state: str) -> ContextBundle:
        """The same bundle with what is said of an older memory that is being taken over."""
        return attrs.evolve(self, assembly_metadata=attrs.evolve(self.assembly_metadata, migration=state))

    def to_context_string(self, max_length: int | None = None) -> str:
        """The context as text within the budget of the call, or packed anew within fewer characters.

        What was stored stands there as quotations inside a fence. Empty where nothing is known, or where nothing fits.

        Raises:
            InvalidConversation: ``max_length`` below 1.
        """
        budget = self._budget.at_most(max_length)
        return self._packed.text if budget == self._budget else self._packer.pack(budget).text

    def to_messages(self, max_length: int | None = None, *, recent_as_turns: bool = False) -> list[ChatMessage]:
        """The context for a chat API: one system message that holds it as text; no message where it is empty.

        Args:
            max_length: characters of all messages together; the budget of the call where it is smaller.
            recent_as_turns: the last conversations follow as messages of user and assistant instead of standing in
                the system message. A model then takes them as said, not as quoted: for bots whose users write
                their own words only.

        Raises:
            InvalidConversation: ``max_length`` below 1.
        """
        if not recent_as_turns:
            text = self.to_context_string(max_length)
            return [ChatMessage(role="system", content=text)] if text else []
        packed = self._packer.pack(
            self._budget.at_most(max_length),
            rendered=lambda candidate: "\n".join(message["content"] for message in _with_turns(candidate)),
        )
        return _with_turns(packed)

    def explain(self) -> Explanation:
        """Every line of the context with where it came from, and what was left out and why."""
        return Explanation(packed=self._packed, metadata=self.assembly_metadata)


def _with_turns(packed: PackedContext) -> list[ChatMessage]:
    text = packed.without(Part.RECENT).text
    messages = [ChatMessage(role="system", content=text)] if text else []
    for entry in packed.of(Part.RECENT):
        for role, said in (("user", entry.said.user), ("assistant", entry.said.bot)):
            if said:
                content = said.replace(f" {LINE_BREAK} ", "\n")
                messages.append(ChatMessage(role="user" if role == "user" else "assistant", content=content))
    return messages
