"""What was said in a record of the old store.

The texts stand in the metadata, under two pairs of names, and once more in the document, which joined them. The
document alone cannot be split with certainty: a text may hold what the sides were joined with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import attrs

_SIDES: Final = (("user_message", "bot_response"), ("message_content", "response_content"))
"""The second pair is what the desktop program wrote."""
TEXT_KEYS: Final = frozenset(key for pair in _SIDES for key in pair)

_OPENING: Final = "User: "
_JOINS: Final = ("\nAssistant: ", "\nBot: ")
_SPLIT: Final = re.compile(r"\AUser: (.*?)\n(?:Assistant|Bot): (.*)\Z", re.DOTALL)

_PLACEHOLDERS: Final = frozenset({"[Previous conversation context]", "..."})
"""What an import of ChatGPT's chats put where a message had no counterpart."""

_FACT: Final = re.compile(
    r"\A(?P<title>User fact|Auto-extracted fact|Personality fact|Phase 4 insight|Global fact)(?: \[(?P<type>[^\]\n]*)\])?: ?"
    r"(?P<text>.*?)"
    r"(?:\n(?:Context|Personality relevance|Relevance): [^\n]*)?\s*\Z",
    re.DOTALL,
)


@attrs.frozen(kw_only=True)
class LegacyTexts:
    """Both sides of an exchange.

    Attributes:
        from_document: sides that had to be read out of the document: ``user_message``, ``bot_response``.
    """

    user: str
    bot: str
    from_document: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class LegacyFact:
    """A fact's document.

    Attributes:
        title: what kind of fact it says it is.
        fact_type: what stands in brackets behind that, if anything does.
    """

    title: str
    text: str
    fact_type: str | None


def legacy_texts(document: str, metadata: Mapping[str, object]) -> LegacyTexts | None:
    """The texts of an exchange; ``None`` where neither metadata nor document hold any."""
    user = bot = None
    for user_key, bot_key in _SIDES:
        user, bot = _text(metadata.get(user_key)), _text(metadata.get(bot_key))
        if user is not None or bot is not None:
            break
    if user is not None and bot is not None:
        return LegacyTexts(user=user, bot=bot)
    parsed = _parsed(document, user=user, bot=bot)
    if parsed is None:
        return None if user is None and bot is None else LegacyTexts(user=user or "", bot=bot or "")
    missing = tuple(name for name, side in (("user_message", user), ("bot_response", bot)) if side is None)
    return LegacyTexts(user=parsed[0], bot=parsed[1], from_document=missing)


def without_placeholders(texts: LegacyTexts) -> tuple[LegacyTexts, tuple[str, ...]]:
    """The texts with empty sides for placeholders, and which sides those were."""
    sides = {"user_message": texts.user, "bot_response": texts.bot}
    empty = tuple(name for name, text in sides.items() if text.strip() in _PLACEHOLDERS)
    for name in empty:
        sides[name] = ""
    return attrs.evolve(texts, user=sides["user_message"], bot=sides["bot_response"]), empty


def legacy_fact(document: str) -> LegacyFact | None:
    """What a fact's document says; ``None`` where it is no fact's."""
    found = _FACT.match(document)
    return None if found is None else LegacyFact(title=found["title"], text=found["text"], fact_type=found["type"])


def _parsed(document: str, *, user: str | None, bot: str | None) -> tuple[str, str] | None:
    """Both sides of a document; a side that is known shows where the other one begins."""
    for join in _JOINS:
        if user is not None and document.startswith(head := f"{_OPENING}{user}{join}"):
            return user, document[len(head) :]
        if bot is not None and document.startswith(_OPENING) and document.endswith(tail := f"{join}{bot}"):
            return document[len(_OPENING) : -len(tail)], bot
    if user is not None or bot is not None:
        return None
    found = _SPLIT.match(document)
    return None if found is None else (found[1], found[2])


def _text(value: object) -> str | None:
    return None if value is None else value if isinstance(value, str) else str(value)
