"""Where a conversation took place, who could read it there, and what may be seen from where.

Memory flows only towards narrower audiences. Every conversation belongs to exactly one *compartment*, a label
derived from its place; a reader sees a set of compartments, at most three, or all of them. This is the one place
where the rule stands: every index stores the compartment and filters by it.
"""

from __future__ import annotations

import enum
import json

import attrs

from .errors import InvalidConversation
from .identifiers import checked_id, checked_optional_id


class Audience(enum.StrEnum):
    """Who could read a conversation where it was held, from the narrowest to the widest."""

    DIRECT = "direct"
    PRIVATE_CHANNEL = "private_channel"
    PUBLIC_CHANNEL = "public_channel"
    SHARED = "shared"


class PrivacyPolicy(enum.StrEnum):
    """``strict``: memory flows only to narrower audiences. ``user``: one continuous memory of a user everywhere."""

    STRICT = "strict"
    USER = "user"


@attrs.frozen(kw_only=True)
class Place:
    """Channel, server and audience together: what a conversation's privacy is decided by."""

    audience: Audience
    channel_id: str | None = None
    server_id: str | None = None

    @classmethod
    def resolve(
        cls,
        *,
        channel_id: str | None = None,
        server_id: str | None = None,
        audience: Audience | str | None = None,
    ) -> Place:
        """The place that a caller names, with the defaults that never widen an audience.

        Nothing given: ``direct``. A channel without an audience: ``private_channel``.

        Raises:
            InvalidConversation: an unknown audience, a malformed id, or a place that names too little to be one.
        """
        channel_id = checked_optional_id("channel_id", channel_id)
        server_id = checked_optional_id("server_id", server_id)
        if audience is None:
            if channel_id is None and server_id is not None:
                raise InvalidConversation(
                    "server_id is given without channel_id: name the channel, or the audience (public_channel or shared)"
                )
            resolved = Audience.DIRECT if channel_id is None else Audience.PRIVATE_CHANNEL
        else:
            try:
                resolved = Audience(audience)
            except ValueError:
                names = ", ".join(item.value for item in Audience)
                raise InvalidConversation(f"audience must be one of {names}") from None
        if resolved is Audience.PRIVATE_CHANNEL and channel_id is None:
            raise InvalidConversation("audience private_channel needs a channel_id")
        if resolved is Audience.PUBLIC_CHANNEL and channel_id is None and server_id is None:
            raise InvalidConversation("audience public_channel needs a channel_id or a server_id")
        return cls(audience=resolved, channel_id=channel_id, server_id=server_id)

    @property
    def compartment(self) -> str:
        """The one label by which every index filters.

        A public channel belongs to its server; one without a server is a server of its own.
        """
        match self.audience:
            case Audience.DIRECT | Audience.SHARED:
                return self.audience.value
            case Audience.PRIVATE_CHANNEL:
                return _label("private", self.server_id, self.channel_id)
            case Audience.PUBLIC_CHANNEL:
                if self.server_id is None:
                    return _label("public", None, self.channel_id)
                return _label("public", self.server_id)

    @property
    def key(self) -> str:
        """Distinguishes places: sessions, and with them neighbours, never span two of these."""
        return _label(self.audience.value, self.server_id, self.channel_id)


def _label(*parts: str | None) -> str:
    return json.dumps(parts, ensure_ascii=True, separators=(",", ":"))


@attrs.frozen(kw_only=True)
class Visibility:
    """What one call may see of its user's memory.

    Attributes:
        bot_id: only what was said to this bot; ``None``: to any.
        compartments: only these; ``None``: all of the user's.
    """

    bot_id: str | None
    compartments: frozenset[str] | None

    def allows(self, *, bot_id: str, compartment: str) -> bool:
        """Whether a conversation with this bot in this compartment may be seen."""
        if self.bot_id is not None and bot_id != self.bot_id:
            return False
        return self.compartments is None or compartment in self.compartments


@attrs.frozen(kw_only=True)
class Scope:
    """Tenant, user, bot and place of one call. There is no call without one."""

    user_id: str = attrs.field(validator=lambda _, field, value: checked_id(field.name, value))
    tenant_id: str = attrs.field(default="default", validator=lambda _, field, value: checked_id(field.name, value))
    bot_id: str = attrs.field(default="default", validator=lambda _, field, value: checked_id(field.name, value))
    place: Place = attrs.field(factory=lambda: Place(audience=Audience.DIRECT))
    policy: PrivacyPolicy = PrivacyPolicy.STRICT
    share_between_bots: bool = False

    @property
    def visibility(self) -> Visibility:
        """What may be seen from here: from a direct message everything of the user, from a private channel that
        channel, the public channels of its server and ``shared``, from a public one only the latter two."""
        bot_id = None if self.share_between_bots else self.bot_id
        if self.policy is PrivacyPolicy.USER or self.place.audience is Audience.DIRECT:
            return Visibility(bot_id=bot_id, compartments=None)
        visible = {Audience.SHARED.value}
        if self.place.audience is not Audience.SHARED:
            visible.add(self.place.compartment)
            visible.add(attrs.evolve(self.place, audience=Audience.PUBLIC_CHANNEL).compartment)
        return Visibility(bot_id=bot_id, compartments=frozenset(visible))
