"""How well a memory brings back what a question needs: labelled questions, and the figures over a ranking.

Figures are shares, 0 to 1, means over questions:

- ``R@k``: of the evidence within the first k; ``any@k``: at least one of it is; ``all@k``: every one of it is;
- ``MRR``: 1 / rank of the first evidence;
- ``sess@5``: at least one evidence *session* is within the first five distinct sessions.
"""

from __future__ import annotations

import collections
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import attrs

DEPTHS: Final = (1, 5, 10, 20)
ALL: Final = "ALL"
"""The group that every question belongs to."""

Figures = Mapping[str, float]


@attrs.frozen(kw_only=True)
class LabelledQuestion:
    """A question about a user's conversations whose answer is known.

    Attributes:
        answer: the right answer; ``None`` where there is none.
        evidence: keys of the conversations that hold it; at least one.
    """

    text: str
    category: str
    answer: str | None
    evidence: frozenset[str]


@attrs.frozen(kw_only=True)
class FigureTable:
    """Mean figures of one group of questions.

    Attributes:
        counts: over how many questions each mean was taken: a figure need not exist for every one.
    """

    questions: int
    means: Figures
    counts: Mapping[str, int]


def ranking_figures(
    ranked: Sequence[str], *, evidence: Collection[str], session_of: Mapping[str, str]
) -> dict[str, float]:
    """Figures of one ranking.

    Args:
        ranked: keys of conversations, best first.
        evidence: keys that were to be found; at least one.
        session_of: the session of every key.
    """
    unique = list(dict.fromkeys(ranked))
    wanted = frozenset(evidence)
    figures: dict[str, float] = {}
    for depth in DEPTHS:
        hits = len(wanted.intersection(unique[:depth]))
        figures[f"R@{depth}"] = hits / len(wanted)
        figures[f"any@{depth}"] = float(hits > 0)
        figures[f"all@{depth}"] = float(hits == len(wanted))
    figures["MRR"] = next((1 / rank for rank, key in enumerate(unique, 1) if key in wanted), 0.0)
    sessions = list(dict.fromkeys(session_of[key] for key in unique))[:5]
    figures["sess@5"] = float(any(session_of[key] in sessions for key in wanted))
    return figures


def mean_figures(rows: Iterable[tuple[str, Figures]]) -> dict[str, FigureTable]:
    """Means over questions, of all of them first, then by category in alphabetical order.

    Args:
        rows: category and figures of each question; a figure that a question lacks does not count in its mean.
    """
    groups: dict[str, list[Figures]] = collections.defaultdict(list)
    for category, figures in rows:
        groups[ALL].append(figures)
        groups[category].append(figures)
    return {name: _table(groups[name]) for name in sorted(groups, key=lambda name: (name != ALL, name))}


def _table(group: Sequence[Figures]) -> FigureTable:
    names = list(dict.fromkeys(name for figures in group for name in figures))
    values = {name: [figures[name] for figures in group if name in figures] for name in names}
    return FigureTable(
        questions=len(group),
        means={name: statistics.fmean(values[name]) for name in names},
        counts={name: len(values[name]) for name in names},
    )
