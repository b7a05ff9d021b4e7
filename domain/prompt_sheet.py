"""The sheet that a context is packed onto: it knows to the character what is used, by whom, and what is left."""

from __future__ import annotations

import bisect
from collections.abc import Iterable

import attrs

from .context_material import Part
from .conversation import Conversation
from .conversation_forms import lines_cost
from .packed_context import Entry, Form, LeftOut, LineKind, PackedContext, PromptLine
from .rendering import LabelKind, Renderer


@attrs.frozen(kw_only=True)
class LabelLine:
    """One line of topics."""

    kind: LabelKind
    labels: tuple[str, ...]
    text: str
    tiers: tuple[str, ...]


class PromptSheet:
    """A prompt of at most ``max_chars`` characters, part by part; within a part by day, chronological."""

    def __init__(self, *, renderer: Renderer, max_chars: int) -> None:
        self._renderer = renderer
        self._opening = renderer.opening(max_chars=max_chars)
        self._closing = renderer.closing()
        self._entries: dict[Part, list[Entry]] = {part: [] for part in Part}
        self._labels: list[LabelLine] = []
        self._used: dict[Part, int] = dict.fromkeys(Part, 0)
        # Every line ends with a line break but the last.
        self.space = max_chars + 1 - sum(len(line) + 1 for line in (*self._opening, *self._closing))
        """Characters for the parts together; negative where the fence does not fit."""

    @property
    def left(self) -> int:
        """Characters that nothing has taken yet."""
        return self.space - sum(self._used.values())

    def used(self, part: Part) -> int:
        """Characters that a part takes, headings and line breaks included."""
        return self._used[part]

    def frame_cost(self, conversation: Conversation, part: Part) -> int:
        """What a conversation would cost besides its own lines: the part's heading, where it is the first, and days."""
        entries = self._entries[part]
        index = self._position(conversation, part)
        day = self._renderer.day(conversation.occurred_at)
        before = None if index == 0 else self._renderer.day(entries[index - 1].conversation.occurred_at)
        cost = 0 if day == before else len(day) + 1
        if index < len(entries):
            # The next one loses its day's line, or needs one.
            after = self._renderer.day(entries[index].conversation.occurred_at)
            cost += (len(after) + 1) * ((after != day) - (after != before))
        heading = None if entries else self._renderer.heading(part)
        return cost + (0 if heading is None else len(heading) + 1)

    def add(self, entry: Entry) -> None:
        """Puts a conversation on the sheet, among its part's by its time. The caller has seen that it fits."""
        self._used[entry.part] += self.frame_cost(entry.conversation, entry.part) + lines_cost(entry.lines)
        self._entries[entry.part].insert(self._position(entry.conversation, entry.part), entry)

    def _position(self, conversation: Conversation, part: Part) -> int:
        return bisect.bisect_right(self._entries[part], conversation.order, key=lambda item: item.conversation.order)

    def add_labels(self, line: LabelLine) -> None:
        """Puts a line of topics on the sheet."""
        self._used[Part.TOPICS] += self.label_cost(line)
        self._labels.append(line)

    def label_cost(self, line: LabelLine) -> int:
        """What a line of topics takes, with the part's heading where it is the first."""
        heading = None if self._labels else self._renderer.heading(Part.TOPICS)
        return lines_cost((line.text,)) + (0 if heading is None else len(heading) + 1)

    def clear(self, part: Part) -> tuple[Entry, ...]:
        """Takes the entries of a part off the sheet."""
        removed = tuple(self._entries[part])
        self._entries[part] = []
        self._used[part] = 0
        return removed

    def packed(self, left_out: Iterable[LeftOut]) -> PackedContext:
        """The lines in their order; none where nothing is on the sheet."""
        entries: list[Entry] = []
        lines = [PromptLine(text=text, kind=LineKind.FENCE) for text in self._opening]
        chrome = len(lines)
        for part in Part:
            content = self._label_lines() if part is Part.TOPICS else self._entry_lines(part, entries)
            heading = self._renderer.heading(part)
            if content and heading is not None:
                lines.append(PromptLine(text=heading, kind=LineKind.HEADING, part=part))
            lines += content
        if len(lines) == chrome:
            return PackedContext(left_out=tuple(left_out))
        lines += (PromptLine(text=text, kind=LineKind.FENCE) for text in self._closing)
        return PackedContext(
            lines=tuple(lines),
            entries=tuple(entries),
            labels=tuple(label for line in self._labels for label in line.labels),
            left_out=tuple(left_out),
        )

    def _label_lines(self) -> list[PromptLine]:
        return [
            PromptLine(text=line.text, kind=LineKind.LABELS, part=Part.TOPICS, tiers=line.tiers)
            for line in self._labels
        ]

    def _entry_lines(self, part: Part, entries: list[Entry]) -> list[PromptLine]:
        lines: list[PromptLine] = []
        day: str | None = None
        for entry in self._entries[part]:
            if (new := self._renderer.day(entry.conversation.occurred_at)) != day:
                day = new
                lines.append(PromptLine(text=day, kind=LineKind.DAY, part=part))
            kind = LineKind.SUMMARY if entry.form is Form.SUMMARY else LineKind.TURN
            lines += (
                PromptLine(text=text, kind=kind, part=part, entry=entry, tiers=entry.tiers) for text in entry.lines
            )
            entries.append(entry)
        return lines
