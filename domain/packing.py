"""Packing: what of the material stands in the context, in which form, within the budget.

The parts claim their space in the order recent, relevant, topics, older. Nothing is said twice. Whatever does not fit
in full is cut to its best passage, so that one huge message never empties a part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .context_budget import ContextBudget, ContextShares
from .context_material import ContextMaterial, Part
from .conversation import Conversation
from .conversation_forms import MIN_ENTRY_CHARS, ConversationForms, lines_cost
from .derived import RelatedTopic
from .packed_context import Entry, Form, LeftOut, LeftOutReason, PackedContext
from .prompt_sheet import LabelLine, PromptSheet
from .rendering import LabelKind, Renderer
from .sides import Sides

ALWAYS_RECENT = 2
"""The newest exchanges, which are shown whatever else is."""
MIN_NEWEST_CHARS = 120
"""Of each of them, where the share for recent ones is smaller."""
MAX_FAILED = 3
"""When more candidates in a row than this find no room, the rest are not tried."""

_TOKEN_ROUNDS = 6
_TOKEN_MARGIN = 0.98


class ContextPacker:
    """Packs one material, as often as wanted; texts are taken apart once."""

    def __init__(self, material: ContextMaterial, *, shares: ContextShares, renderer: Renderer) -> None:
        self._material = material
        self._shares = shares
        self._renderer = renderer
        self._forms = ConversationForms(material, renderer=renderer)

    def pack(
        self, budget: ContextBudget, *, rendered: Callable[[PackedContext], str] = lambda packed: packed.text
    ) -> PackedContext:
        """The context within both limits of the budget; an empty one where nothing fits.

        Args:
            rendered: the text whose length is limited, where it is not the prompt itself.
        """
        max_chars = budget.max_chars
        rounds = 0
        while max_chars > 0:
            packed = _Packing(self._material, self._shares, self._renderer, self._forms, max_chars).packed()
            text = rendered(packed)
            if budget.holds(text):
                return packed
            rounds += 1
            next_chars = max_chars // 2
            if rounds <= _TOKEN_ROUNDS and budget.max_tokens is not None and budget.count_tokens is not None:
                tokens = max(1, budget.count_tokens(text))
                next_chars = int(len(text) * _TOKEN_MARGIN * budget.max_tokens / tokens)
            max_chars = min(next_chars, max_chars - 1)
        return _Packing(self._material, self._shares, self._renderer, self._forms, 0).packed()


class _Packing:
    """One packing onto one sheet."""

    def __init__(
        self,
        material: ContextMaterial,
        shares: ContextShares,
        renderer: Renderer,
        forms: ConversationForms,
        max_chars: int,
    ) -> None:
        self._material = material
        self._shares = shares
        self._renderer = renderer
        self._forms = forms
        self._sheet = PromptSheet(renderer=renderer, max_chars=max_chars)
        self._shown: dict[str, Entry] = {}
        self._contents: dict[Sides, str] = {}
        self._lines: dict[tuple[str, ...], str] = {}
        self._repeated: set[str] = set()
        self._labels_left: tuple[str, ...] = ()

    def packed(self) -> PackedContext:
        if self._sheet.space > 0:
            space = self._sheet.space
            shares = self._shares
            topics = self._label_lines()
            demand = sum(lines_cost((line.text,)) for line in topics)
            demand += shares.passage_chars * len(self._material.older)
            self._add_recent(int(shares.recent * space))
            self._add_relevant(reserved=min(int((1 - shares.recent - shares.relevant) * space), demand))
            self._add_labels(topics)
            self._add_older()
            self._add_relevant(reserved=0)
            self._widen_recent()
        return self._sheet.packed(self._left_out())

    # The parts

    def _add_recent(self, cap: int, *, generous: bool = False) -> None:
        shares = self._shares
        best = {item.conversation_id for item in self._material.candidates[: shares.max_full]}
        newest = self._material.recent[::-1][: shares.max_recent]
        for index, conversation in enumerate(newest):
            room = cap - self._sheet.used(Part.RECENT)
            if index < ALWAYS_RECENT:
                following = newest[index + 1 : ALWAYS_RECENT]
                room = max(room, MIN_NEWEST_CHARS * (1 + len(following)))
                # The newest leaves the one before it up to half of the room.
                room -= min(room // 2, sum(item.text_chars + MIN_NEWEST_CHARS // 2 for item in following))
                self._add(Part.RECENT, conversation, room=room, full_room=room, target=room)
            elif conversation.conversation_id not in best:
                asked = self._forms.candidate(conversation) is not None
                target = shares.passage_chars if asked else shares.short_chars
                if generous:
                    target = max(target, room // (len(newest) - index))
                self._add(Part.RECENT, conversation, room=room, full_room=target, target=target)

    def _widen_recent(self) -> None:
        """Gives the recent part what nobody else wanted."""
        if self._sheet.left < MIN_ENTRY_CHARS:
            return
        for entry in self._sheet.clear(Part.RECENT):
            self._forget(entry)
        self._add_recent(self._sheet.left, generous=True)

    def _add_relevant(self, *, reserved: int) -> None:
        shares = self._shares
        candidates = self._material.candidates
        full_room = int(shares.full_share * (self._sheet.left - reserved))
        failed = 0
        for index, candidate in enumerate(candidates):
            if failed > MAX_FAILED or self._sheet.left - reserved < MIN_ENTRY_CHARS:
                break
            room = self._sheet.left - reserved
            target = max(shares.passage_chars, room // (len(candidates) - index))
            entry = self._add(
                Part.RELEVANT,
                candidate.conversation,
                room=room,
                full_room=full_room if index < shares.max_full else 0,
                target=target,
            )
            failed = 0 if self._is_shown(candidate.conversation) else failed + 1
            if entry is not None and entry.form is Form.FULL:
                full_room -= lines_cost(entry.lines)

    def _add_older(self) -> None:
        for conversation in self._material.older:
            self._add(Part.OLDER, conversation, room=self._sheet.left, full_room=0, target=self._shares.passage_chars)

    def _add(self, part: Part, conversation: Conversation, *, room: int, full_room: int, target: int) -> Entry | None:
        """Shows a conversation in the best form that fits, unless it is shown already.

        Args:
            room: characters for it with the headings that it brings along.
            full_room: at most so many for its full text.
            target: at most so many for a passage.
        """
        if conversation.conversation_id in self._shown:
            return None
        content = _content(conversation)
        if content in self._contents:
            self._repeated.add(conversation.conversation_id)
            return None
        room = min(room, self._sheet.left) - self._sheet.frame_cost(conversation, part)
        entry = self._forms.full(part, conversation, room=min(room, full_room))
        if entry is None:
            entry = self._forms.brief(part, conversation, room=min(room, target))
        if entry is None:
            return None
        if entry.lines in self._lines:
            self._repeated.add(conversation.conversation_id)
            return None
        self._sheet.add(entry)
        self._shown[conversation.conversation_id] = entry
        self._contents[content] = conversation.conversation_id
        self._lines[entry.lines] = conversation.conversation_id
        return entry

    def _is_shown(self, conversation: Conversation) -> bool:
        return conversation.conversation_id in self._shown or conversation.conversation_id in self._repeated

    def _forget(self, entry: Entry) -> None:
        del self._shown[entry.conversation_id]
        del self._contents[_content(entry.conversation)]
        del self._lines[entry.lines]

    # Topics

    def _label_lines(self) -> list[LabelLine]:
        """The lines of topics at their longest; none twice."""
        known: set[str] = set()
        lines = []
        for kind, topics in (
            (LabelKind.RELATED, self._material.related_topics),
            (LabelKind.INTERESTS, self._material.interests),
        ):
            labels = _distinct_labels(topics, known)[: self._shares.max_topics]
            if labels:
                lines.append(self._label_line(kind, labels))
        return lines

    def _label_line(self, kind: LabelKind, labels: Sequence[str]) -> LabelLine:
        return LabelLine(
            kind=kind,
            labels=tuple(labels),
            text=self._renderer.labels(kind, labels),
            tiers=(self._material.topics_tier,),
        )

    def _add_labels(self, lines: Iterable[LabelLine]) -> None:
        """As many labels of each line as fit."""
        for line in lines:
            fitting: LabelLine | None = line
            while fitting is not None and self._sheet.label_cost(fitting) > self._sheet.left:
                shorter = fitting.labels[:-1]
                fitting = self._label_line(line.kind, shorter) if shorter else None
            if fitting is not None:
                self._sheet.add_labels(fitting)
            self._labels_left += line.labels[0 if fitting is None else len(fitting.labels) :]

    # What is missing

    def _left_out(self) -> tuple[LeftOut, ...]:
        material = self._material
        considered = [
            *((Part.RECENT, conversation) for conversation in reversed(material.recent)),
            *((Part.RELEVANT, candidate.conversation) for candidate in material.candidates),
            *((Part.OLDER, conversation) for conversation in material.older),
        ]
        left_out: dict[str, LeftOut] = {}
        for part, conversation in considered:
            id_ = conversation.conversation_id
            if id_ in self._shown or id_ in left_out:
                continue
            candidate = self._forms.candidate(conversation)
            repeated = id_ in self._repeated or _content(conversation) in self._contents
            left_out[id_] = LeftOut(
                item=id_,
                part=part if candidate is None else Part.RELEVANT,
                reason=LeftOutReason.DUPLICATE if repeated else LeftOutReason.BUDGET,
                tiers=self._forms.tiers(part, conversation),
                score=None if candidate is None else candidate.score,
            )
        labels = (
            LeftOut(item=label, part=Part.TOPICS, reason=LeftOutReason.BUDGET, tiers=(material.topics_tier,))
            for label in self._labels_left
        )
        withheld = (LeftOut(item=id_, part=Part.RELEVANT, reason=LeftOutReason.INVISIBLE) for id_ in material.withheld)
        return (*left_out.values(), *labels, *withheld)


def _content(conversation: Conversation) -> Sides:
    return Sides(user=conversation.user_message.strip(), bot=conversation.bot_response.strip())


def _distinct_labels(topics: Iterable[RelatedTopic], known: set[str]) -> list[str]:
    """Labels that are not among the known ones, which they join."""
    labels = []
    for topic in topics:
        if topic.label.strip() and topic.label.casefold() not in known:
            known.add(topic.label.casefold())
            labels.append(topic.label)
    return labels
