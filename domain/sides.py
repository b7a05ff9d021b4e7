"""Both sides of a conversation, side by side."""

from __future__ import annotations

from typing import NamedTuple


class Sides(NamedTuple):
    """Something of the user and the same of the bot."""

    user: str
    bot: str
