"""``context``, ``search``, ``explain``, ``history``, ``topics``: what the memory knows, asked from somewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import click

from ...domain.context_bundle import ContextBundle
from ...domain.conversation import Conversation, ScoredConversation
from ...domain.derived import RelatedTopic
from ...domain.interchange import conversation_to_json
from ...domain.json_values import JsonValue
from ..manager import open_memory
from ..settings import Settings
from .entries import print_conversation, print_explanation
from .options import Command, ScopeArguments, json_option, memory_options, scope_options
from .output import print_json, print_table, say, shown, shown_block
from .running import nothing_found, run

_DEADLINE_MS: Final = 2_000.0
"""At least. A process that was just started has nothing in memory yet, and nobody waits for its answer in a chat."""

_max_chars = click.option(
    "--max-chars",
    type=click.IntRange(min=1),
    metavar="N",
    help="Length of the context (default: 4000, or the setting).",
)


def _limit(default: int) -> Callable[[Command], Command]:
    return click.option(
        "--limit", type=click.IntRange(min=1), default=default, show_default=True, metavar="N", help="At most so many."
    )


@click.command(short_help="The context for a question, as a prompt gets it.")
@click.argument("user_id", metavar="USER")
@click.argument("query", metavar="QUERY")
@_max_chars
@scope_options
@memory_options()
@json_option
def context(
    *, user_id: str, query: str, max_chars: int | None, scope: ScopeArguments, settings: Settings, as_json: bool
) -> None:
    """Print the context that a bot gets before it answers QUERY to USER.

    Standard output holds the context alone; where it came from and how long it took stands on standard error.

    Example: talktiers context mira "where does my sister live?"
    """
    bundle = run(_context(settings, user_id, query, max_chars, scope), by_meaning=True)
    text = bundle.to_context_string()
    if as_json:
        print_json(
            {
                "context": text,
                "recent": [item.conversation_id for item in bundle.recent_messages],
                "full": [item.conversation_id for item in bundle.full_conversations],
                "summaries": [item.conversation_id for item in bundle.semantic_summaries],
                "related_topics": list(bundle.related_topics),
                "interests": list(bundle.interests),
                "metadata": bundle.assembly_metadata.to_json(),
            }
        )
    elif text:
        click.echo(shown_block(text))
        say(provenance(bundle))
    if not text:
        nothing_found(f"nothing is known of {shown(user_id)} that may be seen there")


async def _context(
    settings: Settings, user_id: str, query: str, max_chars: int | None, scope: ScopeArguments
) -> ContextBundle:
    async with open_memory(settings) as memory:
        deadline_ms = max(_DEADLINE_MS, settings.context.deadline_ms)
        return await memory.get_conversation_context(user_id, query, max_chars, deadline_ms=deadline_ms, **scope)


def provenance(bundle: ContextBundle) -> str:
    """One line: size, time, and what each tier did."""
    metadata = bundle.assembly_metadata
    tiers = ", ".join(
        f"{report.tier} {report.time_ms:.1f} ms" + ("" if report.status == "ok" else f" {report.status.value}")
        for report in metadata.tiers
    )
    return (
        f"{metadata.context_chars:,} of {metadata.max_chars:,} characters in {metadata.retrieval_time_ms:.1f} ms; "
        f"sources: {', '.join(metadata.sources_used) or 'none'} ({tiers})"
    )


@click.command(short_help="Every line of a context: tier, scores, cost, source.")
@click.argument("user_id", metavar="USER")
@click.argument("query", metavar="QUERY")
@_max_chars
@scope_options
@memory_options()
@json_option
def explain(
    *, user_id: str, query: str, max_chars: int | None, scope: ScopeArguments, settings: Settings, as_json: bool
) -> None:
    """Print every line of the context for QUERY with its tier, scores, cost and source; what was left out, and why.

    Example: talktiers explain mira "what is Tomas allergic to?"
    """
    explanation = run(_context(settings, user_id, query, max_chars, scope), by_meaning=True).explain()
    if as_json:
        print_json(explanation.to_json())
    else:
        print_explanation(explanation)
    if not explanation.lines:
        nothing_found(f"nothing is known of {shown(user_id)} that may be seen there")


@click.command(short_help="The conversations that match best.")
@click.argument("user_id", metavar="USER")
@click.argument("query", metavar="QUERY")
@_limit(10)
@scope_options
@memory_options()
@json_option
def search(*, user_id: str, query: str, limit: int, scope: ScopeArguments, settings: Settings, as_json: bool) -> None:
    """Print the conversations of USER that match QUERY, best first: score, time, id, both messages.

    The score is from 0 to 1, higher is better. It ranks the hits of one search; scores of two searches do not compare.

    Example: talktiers search mira "knee" --limit 3
    """
    found = run(_search(settings, user_id, query, limit, scope), by_meaning=True)
    if as_json:
        print_json([_found_json(item) for item in found])
    else:
        for item in found:
            print_conversation(item.conversation, score=item.score)
    if not found:
        nothing_found("nothing found")


async def _search(
    settings: Settings, user_id: str, query: str, limit: int, scope: ScopeArguments
) -> list[ScoredConversation]:
    async with open_memory(settings) as memory:
        return await memory.search(user_id, query, limit, **scope)


@click.command(short_help="What was said, newest first.")
@click.argument("user_id", metavar="USER")
@_limit(50)
@click.option("--since-days", type=click.FloatRange(min=0, min_open=True), metavar="N", help="Only the last N days.")
@click.option("--before", metavar="ID", help="Only older than this conversation: the next page.")
@scope_options
@memory_options()
@json_option
def history(
    *,
    user_id: str,
    limit: int,
    since_days: float | None,
    before: str | None,
    scope: ScopeArguments,
    settings: Settings,
    as_json: bool,
) -> None:
    """Print the conversations of USER, newest first: time, id, both messages.

    Example: talktiers history mira --limit 5 --json
    """
    found = run(_history(settings, user_id, scope, limit=limit, since_days=since_days, before=before))
    if as_json:
        print_json([conversation_to_json(item) for item in found])
    else:
        for item in found:
            print_conversation(item)
    if not found:
        nothing_found(f"nothing is known of {shown(user_id)} that may be seen there")


async def _history(
    settings: Settings,
    user_id: str,
    scope: ScopeArguments,
    *,
    limit: int,
    since_days: float | None,
    before: str | None,
) -> list[Conversation]:
    async with open_memory(settings) as memory:
        return await memory.get_user_conversation_history(
            user_id, limit=limit, since_days=since_days, before=before, **scope
        )


@click.command(short_help="What the user talks about most.")
@click.argument("user_id", metavar="USER")
@_limit(10)
@scope_options
@memory_options()
@json_option
def topics(*, user_id: str, limit: int, scope: ScopeArguments, settings: Settings, as_json: bool) -> None:
    """Print what USER talks about most: topic, strength, number of conversations.

    Example: talktiers topics mira
    """
    found = run(_topics(settings, user_id, limit, scope))
    if as_json:
        print_json(
            [
                {"label": item.label, "strength": item.strength, "conversation_ids": list(item.conversation_ids)}
                for item in found
            ]
        )
    else:
        print_table(
            [[shown(item.label), f"{item.strength:.3f}", f"{len(item.conversation_ids)}"] for item in found],
            header=["topic", "strength", "conversations"],
        )
    if not found:
        nothing_found(f"no topics of {shown(user_id)} are known that may be seen there")


async def _topics(settings: Settings, user_id: str, limit: int, scope: ScopeArguments) -> list[RelatedTopic]:
    async with open_memory(settings) as memory:
        return await memory.interests(user_id, limit=limit, **scope)


def _found_json(found: ScoredConversation) -> dict[str, JsonValue]:
    return {"score": found.score, "conversation": conversation_to_json(found.conversation)}
