"""What one kind of reader may see of one user's graph, in memory, and what is worked out from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

import attrs
import numpy as np

from ...domain.derived import Entity, EntityKind, RelatedTopic
from ...domain.graph_arrays import Conversations, Flags, GraphArrays, Mentions
from ...domain.place import Visibility
from .label_table import LabelTable
from .packed_edges import EdgeArrays, kind_of

MAX_CONVERSATIONS: Final = 25
"""So many conversations of a related topic are named, the newest: as witnesses, and to look further."""

_MAX_VISIBILITIES: Final = 4
"""Kept of a user: as many as there are kinds of place that one asks from."""
_BYTES_PER_NAME: Final = 200


@attrs.frozen(kw_only=True)
class GraphState:
    """Which state of a user's graph in the database something is.

    Attributes:
        id: of the user's node; another one where the user was forgotten and began anew.
        generation: rises when something is removed or replaced.
        next_number: every conversation below it is known.
    """

    id: str
    generation: int
    next_number: int


@attrs.frozen(kw_only=True, eq=False)
class VisibleGraph:
    """Conversations, labels and edges as arrays. Never changed: more edges make a new one.

    Attributes:
        state: which state of the database it is.
        names: of entities as they were spelt, with their kinds; the arrays name them by their places here.
    """

    state: GraphState
    arrays: GraphArrays
    labels: LabelTable
    names: Sequence[tuple[str, EntityKind]]

    @property
    def size(self) -> int:
        """How many conversations it holds."""
        return len(self.arrays.conversations.numbers)

    @property
    def nbytes(self) -> int:
        """Memory that it takes, about."""
        return self.arrays.nbytes + self.labels.nbytes + _BYTES_PER_NAME * len(self.names)

    @property
    def _everything(self) -> Flags:
        """Only what may be seen was read."""
        return np.ones(self.size, dtype=np.bool_)

    def related(self, asked: Sequence[str], *, limit: int) -> list[RelatedTopic]:
        """Labels that conversations name together with these, strongest first; see `GraphArrays.related`."""
        wanted = dict.fromkeys(label.lower() for label in asked)
        groups = [group for label in wanted if (group := self.labels.matching(label))]
        return self._topics(self.arrays.related(asked=groups, visible=self._everything, limit=limit)) if groups else []

    def interests(self, *, limit: int) -> list[RelatedTopic]:
        """Topics, strongest first; see `GraphArrays.interests`. Worked out once."""
        found = self.arrays.answer((limit,))
        if found is None:
            found = self._topics(self.arrays.interests(visible=self._everything, limit=limit))
            self.arrays.keep((limit,), found)
        return list(found)

    def entities(self, *, limit: int) -> list[Entity]:
        """Entities, most often named first, each as it was spelt last."""
        names = [self.names[number] for number in self.arrays.named(visible=self._everything, limit=limit)]
        return [Entity(name=name, kind=kind) for name, kind in names]

    def _topics(self, found: Sequence[tuple[int, float]]) -> list[RelatedTopic]:
        newest = self.arrays.newest([number for number, _ in found], visible=self._everything, limit=MAX_CONVERSATIONS)
        return [
            RelatedTopic(label=self.labels.labels[number], strength=strength, conversation_ids=conversation_ids)
            for (number, strength), conversation_ids in zip(found, newest, strict=True)
        ]


@attrs.frozen(kw_only=True, eq=False)
class VisibleGraphs:
    """What is kept of one user: a graph for each kind of reader."""

    by_visibility: Mapping[Visibility, VisibleGraph] = attrs.field(factory=dict)

    @property
    def nbytes(self) -> int:
        """Memory that they take, about."""
        return sum(graph.nbytes for graph in self.by_visibility.values())

    def having(self, visibility: Visibility, graph: VisibleGraph) -> VisibleGraphs:
        """These with that graph, the last; beyond a few the first goes."""
        others = [item for item in self.by_visibility.items() if item[0] != visibility]
        return VisibleGraphs(by_visibility=dict([*others, (visibility, graph)][-_MAX_VISIBILITIES:]))


def graph_of(
    edges: EdgeArrays, *, state: GraphState, session_gap: dt.timedelta, before: VisibleGraph | None = None
) -> VisibleGraph:
    """The graph of these edges.

    Args:
        session_gap: a longer pause ends a session that the caller did not name.
        before: to which they are added: they are of conversations that are not in it.
    """
    if before is not None and not len(edges.headers):
        return before if before.state == state else attrs.evolve(before, state=state)
    known = LabelTable() if before is None else before.labels
    label_of = {text: text.lower() for text in dict.fromkeys(edges.texts)}
    fresh = set(label_of.values()).difference(known.numbers)
    labels = LabelTable((*known.labels, *fresh)) if fresh else known
    number_of = {text: labels.numbers[label] for text, label in label_of.items()}

    name_numbers = {name: number for number, name in enumerate(() if before is None else before.names)}
    names = np.full(len(edges.mentions), -1, dtype=np.int32)
    for place in np.flatnonzero(edges.mentions["kind"]).tolist():
        name = (edges.texts[place], kind_of(int(edges.mentions["kind"][place])))
        names[place] = name_numbers.setdefault(name, len(name_numbers))

    first = 0 if before is None else before.size
    numbers = np.arange(first, first + len(edges.headers))
    conversations = Conversations(
        numbers=numbers,
        places=edges.headers["place"].astype(np.int64),
        named=edges.headers["session"].astype(np.uint64),
        time_us=edges.headers["time_us"].astype(np.int64),
        sequence=edges.headers["sequence"].astype(np.int64),
        ids=edges.headers["id"].astype(np.uint64),
    )
    mentions = Mentions(
        numbers=np.repeat(numbers, edges.counts).astype(np.int32),
        labels=np.fromiter((number_of[text] for text in edges.texts), dtype=np.int64, count=len(edges.texts)),
        weights=edges.mentions["weight"].astype(np.float32),
        names=names,
    )
    if before is not None:
        conversations = before.arrays.conversations.followed_by(conversations)
        mentions = _renumbered(before.arrays.mentions, known, labels).followed_by(mentions)
    arrays = GraphArrays(
        conversations,
        mentions,
        user_no=0,
        generation=state.generation,
        next_number=len(conversations.numbers),
        session_gap=session_gap,
        before=None if before is None else before.arrays,
    )
    return VisibleGraph(state=state, arrays=arrays, labels=labels, names=tuple(name_numbers))


def _renumbered(mentions: Mentions, former: LabelTable, labels: LabelTable) -> Mentions:
    """Mentions with the numbers that their labels have in another table."""
    if former is labels:
        return mentions
    moved = np.fromiter((labels.numbers[label] for label in former.labels), dtype=np.int64, count=len(former.labels))
    return attrs.evolve(mentions, labels=moved[mentions.labels])
