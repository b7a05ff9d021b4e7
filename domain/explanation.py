"""The explanation of a context: every line with its source, scores and cost, and what was left out and why."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from .assembly_metadata import AssemblyMetadata
from .json_values import JsonObject
from .packed_context import LeftOut, PackedContext, PromptLine
from .quoting import quoted, shortened

MAX_TEXT_CHARS = 60
"""Of a line's text in the printed table; the JSON holds all of it."""

_HEAD = ("part", "shown as", "tiers", "score", "chars", "conversation", "text")
_LEFT_HEAD = ("part", "left out for", "tiers", "score", "what")


@attrs.frozen(kw_only=True)
class Explanation:
    """Prints as a table; `to_json` gives the same as plain data."""

    packed: PackedContext
    metadata: AssemblyMetadata

    @property
    def lines(self) -> tuple[PromptLine, ...]:
        """Every line of the context in its order; joined with line feeds their texts are the context."""
        return self.packed.lines

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What was considered and is not there."""
        return self.packed.left_out

    def __str__(self) -> str:
        metadata = self.metadata
        blocks = [
            (
                f"question: {shortened(quoted(metadata.query), 4 * MAX_TEXT_CHARS)}\n"
                f"context: {len(self.packed.text)} of {metadata.max_chars} characters, "
                f"intent {metadata.intent.value}, {metadata.retrieval_time_ms:.1f} ms"
            ),
            _table(_HEAD, [_line_cells(line) for line in self.lines]) if self.lines else "Nothing is in the context.",
        ]
        if self.left_out:
            blocks.append(_table(_LEFT_HEAD, [_left_out_cells(item) for item in self.left_out]))
        if metadata.tiers:
            rows = [
                (report.tier, report.status.value, f"{report.time_ms:.1f}", report.error or "")
                for report in metadata.tiers
            ]
            blocks.append(_table(("tier", "status", "ms", "error"), rows))
        return "\n\n".join(blocks)

    def to_json(self) -> JsonObject:
        """Lines, what was left out, and the metadata."""
        return {
            "lines": [_line_json(line) for line in self.lines],
            "left_out": [
                {
                    "item": item.item,
                    "part": item.part.value,
                    "reason": item.reason.value,
                    "tiers": list(item.tiers),
                    "score": item.score,
                }
                for item in self.left_out
            ],
            "metadata": self.metadata.to_json(),
        }


def _line_json(line: PromptLine) -> JsonObject:
    entry = line.entry
    candidate = None if entry is None else entry.candidate
    return {
        "text": line.text,
        "kind": line.kind.value,
        "part": None if line.part is None else line.part.value,
        "form": None if entry is None else entry.form.value,
        "tiers": list(line.tiers),
        "score": None if candidate is None else candidate.score,
        "score_parts": {} if candidate is None else {part.name: part.value for part in candidate.score_parts},
        "cost_chars": line.cost_chars,
        "conversation_id": None if entry is None else entry.conversation_id,
    }


def _line_cells(line: PromptLine) -> tuple[str, ...]:
    entry = line.entry
    return (
        "" if line.part is None else line.part.value,
        line.kind.value if entry is None else entry.form.value,
        " ".join(line.tiers),
        _score_cell(line),
        str(line.cost_chars),
        "" if entry is None else entry.conversation_id,
        shortened(line.text, MAX_TEXT_CHARS),
    )


def _score_cell(line: PromptLine) -> str:
    candidate = None if line.entry is None else line.entry.candidate
    if candidate is None:
        return ""
    parts = ", ".join(f"{part.name} {part.value:.2f}" for part in candidate.score_parts)
    return f"{candidate.score:.2f} ({parts})" if parts else f"{candidate.score:.2f}"


def _left_out_cells(item: LeftOut) -> tuple[str, ...]:
    score = "" if item.score is None else f"{item.score:.2f}"
    return (
        item.part.value,
        item.reason.value,
        " ".join(item.tiers),
        score,
        shortened(quoted(item.item), MAX_TEXT_CHARS),
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under their names, as wide as their widest cell; the last one as long as it is."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    )
