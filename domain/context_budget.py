"""How long a context may be, and how its length is shared out."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from .errors import InvalidConversation

DEFAULT_MAX_CHARS = 4000


def _positive(_: object, field: attrs.Attribute[int], value: int | None) -> None:
    if value is not None and value < 1:
        raise InvalidConversation(f"{field.name} is {value}; it must be at least 1")


@attrs.frozen(kw_only=True)
class ContextBudget:
    """The limits of one context; both hold.

    Attributes:
        max_tokens: ``None``: not limited.
        count_tokens: tokens of a text, monotonic in its prefixes; needed with ``max_tokens``.
    """

    max_chars: int = attrs.field(default=DEFAULT_MAX_CHARS, validator=_positive)
    max_tokens: int | None = attrs.field(default=None, validator=_positive)
    count_tokens: Callable[[str], int] | None = None

    def __attrs_post_init__(self) -> None:
        if self.max_tokens is not None and self.count_tokens is None:
            raise InvalidConversation("max_tokens needs a token counter")

    def at_most(self, max_chars: int | None) -> ContextBudget:
        """This budget with fewer characters; never with more.

        Raises:
            InvalidConversation: ``max_chars`` below 1.
        """
        return self if max_chars is None else attrs.evolve(self, max_chars=min(max_chars, self.max_chars))

    def holds(self, text: str) -> bool:
        """Whether a text keeps within both limits."""
        if len(text) > self.max_chars:
            return False
        return self.max_tokens is None or self.count_tokens is None or self.count_tokens(text) <= self.max_tokens


def _share(_: object, field: attrs.Attribute[float], value: float) -> None:
    if not 0 <= value <= 1:
        raise InvalidConversation(f"{field.name} is {value}; a share lies between 0 and 1")


@attrs.frozen(kw_only=True)
class ContextShares:
    """How the space within the fence is shared out. What a part leaves goes to the others, in their order.

    Attributes:
        recent: at most this share for the last conversations, where others want the space.
        relevant: at least this share for what the question brought back, where there is so much.
        max_recent: conversations in the recent part.
        max_full: relevant conversations with their full text.
        full_share: of the space for what is relevant, at most this for full texts.
        max_topics: labels in each line of topics.
        passage_chars: a passage with its speakers' names, where space is short.
        short_chars: the same for a recent conversation other than the newest two.
    """

    recent: float = attrs.field(default=0.35, validator=_share)
    relevant: float = attrs.field(default=0.5, validator=_share)
    max_recent: int = 10
    max_full: int = 3
    full_share: float = attrs.field(default=0.5, validator=_share)
    max_topics: int = 8
    passage_chars: int = 150
    short_chars: int = 100

    def __attrs_post_init__(self) -> None:
        if self.recent + self.relevant > 1:
            raise InvalidConversation("the shares recent and relevant add up to more than 1")
