"""A packed context: the lines of a prompt, what each stands for, and what was left out."""

from __future__ import annotations

import enum

import attrs

from .context_material import Candidate, Part
from .conversation import Conversation
from .sides import Sides


class Form(enum.StrEnum):
    """How a conversation is shown."""

    FULL = "full"
    PASSAGE = "passage"
    SUMMARY = "summary"


class LineKind(enum.StrEnum):
    """What a line is."""

    FENCE = "fence"
    HEADING = "heading"
    DAY = "day"
    TURN = "turn"
    SUMMARY = "summary"
    LABELS = "labels"


class LeftOutReason(enum.StrEnum):
    """Why something is not in the prompt."""

    BUDGET = "budget"
    DUPLICATE = "duplicate"
    INVISIBLE = "invisible"


@attrs.frozen(kw_only=True)
class Entry:
    """One conversation in the prompt.

    Attributes:
        lines: as they stand there, one or two.
        said: what is shown of each side, quoted, without names; both empty for a summary.
        tiers: where it came from.
        candidate: how the question brought it back; ``None`` where it did not.
    """

    part: Part
    conversation: Conversation
    form: Form
    lines: tuple[str, ...]
    said: Sides
    tiers: tuple[str, ...]
    candidate: Candidate | None = None

    @property
    def conversation_id(self) -> str:
        return self.conversation.conversation_id


@attrs.frozen(kw_only=True)
class PromptLine:
    """One line of the prompt.

    Attributes:
        entry: what it shows; ``None`` for the fence, headings, days and labels.
        tiers: where its content came from; empty for what the renderer itself says.
    """

    text: str
    kind: LineKind
    part: Part | None = None
    entry: Entry | None = None
    tiers: tuple[str, ...] = ()

    @property
    def cost_chars(self) -> int:
        """Characters with its line break."""
        return len(self.text) + 1


@attrs.frozen(kw_only=True)
class LeftOut:
    """A conversation, or the label of a topic, that is not in the prompt."""

    item: str
    """The conversation's id, or the label."""
    part: Part
    reason: LeftOutReason
    tiers: tuple[str, ...] = ()
    score: float | None = None


@attrs.frozen(kw_only=True)
class PackedContext:
    """What fits.

    Attributes:
        lines: in their order; none where not even the fence fits around something.
        entries: in the order of their lines.
        labels: the topics shown, in the order of their lines.
        left_out: in the order in which they were considered.
    """

    lines: tuple[PromptLine, ...] = ()
    entries: tuple[Entry, ...] = ()
    labels: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def text(self) -> str:
        """The prompt."""
        return "\n".join(line.text for line in self.lines)

    def of(self, part: Part) -> tuple[Entry, ...]:
        """The entries of one part."""
        return tuple(entry for entry in self.entries if entry.part is part)

    def without(self, part: Part) -> PackedContext:
        """The context without one part; empty where nothing else is in it."""
        lines = tuple(line for line in self.lines if line.part is not part)
        if all(line.part is None for line in lines):
            lines = ()
        return attrs.evolve(self, lines=lines, entries=tuple(entry for entry in self.entries if entry.part is not part))
