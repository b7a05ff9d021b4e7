"""Conversations and explanations: entries that fit the width of a terminal, lines of cells where a script reads."""

from __future__ import annotations

import sys
from typing import Final

import click

from ...domain.conversation import Conversation
from ...domain.explanation import Explanation
from ...domain.packed_context import PromptLine
from .output import columns_taken, fitted, joined, shortened, shown, shown_block, terminal_columns

_TEXT_CHARS: Final = 100
"""Of a message where a script reads, at most; --json has all of it."""
_INDENT: Final = "  "
_BETWEEN: Final = " → "
"""Stands between what the user said and what the bot answered."""


def print_conversation(conversation: Conversation, *, score: float | None = None) -> None:
    """On a terminal two lines: score, time and id, then what was said, cut to the width. Else one line of cells."""
    cells = [] if score is None else [f"{score:.3f}"]
    cells += [conversation.occurred_at.isoformat(sep=" ", timespec="minutes"), conversation.conversation_id]
    said = (conversation.user_message, conversation.bot_response)
    if not sys.stdout.isatty():
        click.echo("\t".join([*cells, *(shortened(text, chars=_TEXT_CHARS) for text in said)]))
        return
    columns = terminal_columns()
    for line in joined(cells, columns=columns):
        click.echo(click.style(line, dim=True))
    click.echo(_INDENT + _exchange(*said, columns=columns - len(_INDENT)))


def _exchange(user_message: str, bot_response: str, *, columns: int) -> str:
    """Both messages on one line; neither takes more than half of it as long as the other one is cut."""
    space = columns - len(_BETWEEN)
    answer = min(space // 2, columns_taken(shown(bot_response)))
    question = fitted(user_message, columns=space - answer)
    return question + _BETWEEN + fitted(bot_response, columns=space - columns_taken(question))


def print_explanation(explanation: Explanation) -> None:
    """On a terminal that is too narrow for the table: each line, cut to the width, and under it where it came from."""
    table = shown_block(str(explanation))
    columns = terminal_columns()
    if not sys.stdout.isatty() or all(columns_taken(line) <= columns for line in table.splitlines()):
        click.echo(table)
        return
    metadata = explanation.metadata
    click.echo(f"question: {shown(metadata.query)}")
    click.echo(
        f"context: {metadata.context_chars} of {metadata.max_chars} characters, intent {metadata.intent.value}, "
        f"{metadata.retrieval_time_ms:.1f} ms"
    )
    click.echo()
    for line in explanation.lines:
        click.echo(fitted(line.text, columns=columns))
        if line.tiers:
            _print_origin(_origin(line), columns=columns)
    if explanation.left_out:
        click.echo("\nleft out:")
    for item in explanation.left_out:
        score = "" if item.score is None else f"{item.score:.2f}"
        origin = [item.part.value, item.reason.value, " ".join(item.tiers), score]
        for text in joined([fitted(item.item, columns=columns), *origin], columns=columns):
            click.echo(text)
    click.echo()
    for tier in metadata.tiers:
        click.echo(f"{tier.tier} {tier.status.value} {tier.time_ms:.1f} ms {shown(tier.error or '')}".rstrip())


def _origin(line: PromptLine) -> list[str]:
    """Part, form, tiers, score with its parts, cost, id."""
    entry = line.entry
    candidate = None if entry is None else entry.candidate
    score = ""
    if candidate is not None:
        parts = ", ".join(f"{part.name} {part.value:.2f}" for part in candidate.score_parts)
        score = f"{candidate.score:.2f} ({parts})" if parts else f"{candidate.score:.2f}"
    return [
        "" if line.part is None else line.part.value,
        line.kind.value if entry is None else entry.form.value,
        " ".join(line.tiers),
        score,
        f"{line.cost_chars} chars",
        "" if entry is None else entry.conversation_id,
    ]


def _print_origin(cells: list[str], *, columns: int) -> None:
    for line in joined(cells, columns=columns - len(_INDENT)):
        click.echo(click.style(_INDENT + line, dim=True))
