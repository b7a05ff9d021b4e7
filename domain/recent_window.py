"""The windows of the recent-context cache: which ones a conversation belongs to, and which ones a reader merges."""

from __future__ import annotations

import attrs

from .conversation import Conversation
from .place import Audience, Scope


@attrs.frozen(kw_only=True)
class WindowKey:
    """One window: what one user and one bot said lately in one compartment.

    Attributes:
        bot_id: ``None``: with any bot.
        compartment: ``None``: in all of them, for readers who may see everything.
    """

    tenant_id: str
    user_id: str
    bot_id: str | None
    compartment: str | None


@attrs.frozen(kw_only=True)
class CachedConversation:
    """A conversation on its way into the cache: the windows it belongs to, and the user's epoch when it was stored."""

    conversation: Conversation
    windows: tuple[WindowKey, ...]
    epoch: int


@attrs.frozen(kw_only=True)
class RecentWindow:
    """What the cache holds of one window.

    Attributes:
        conversations: chronological, oldest first.
        complete: whether it held everything when it was filled; one that is not must be filled from the archive.
        epoch: the user's epoch under which it was written; an older one than the archive's is void.
    """

    key: WindowKey
    conversations: tuple[Conversation, ...]
    complete: bool
    epoch: int


def windows_of(conversation: Conversation, *, share_between_bots: bool = False) -> tuple[WindowKey, ...]:
    """The windows that a stored conversation belongs to: that of its compartment and that of all of them.

    What was said in a direct message belongs to the latter alone: nobody reads its compartment by itself.
    """
    place = conversation.place
    compartments = (None,) if place.audience is Audience.DIRECT else (place.compartment, None)
    return tuple(
        WindowKey(
            tenant_id=conversation.tenant_id,
            user_id=conversation.user_id,
            bot_id=None if share_between_bots else conversation.bot_id,
            compartment=compartment,
        )
        for compartment in compartments
    )


def windows_for(scope: Scope) -> tuple[WindowKey, ...]:
    """The at most three windows that a reader merges, in a fixed order."""
    visibility = scope.visibility
    compartments = (None,) if visibility.compartments is None else tuple(sorted(visibility.compartments))
    return tuple(
        WindowKey(
            tenant_id=scope.tenant_id,
            user_id=scope.user_id,
            bot_id=visibility.bot_id,
            compartment=compartment,
        )
        for compartment in compartments
    )
