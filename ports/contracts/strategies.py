"""Hypothesis strategies for the suites: few users, bots, places and times, so that examples meet each other."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from ...domain.conversation import Conversation
from ...domain.place import PrivacyPolicy, Scope
from . import examples

ANY_ADAPTER = settings(
    deadline=None,
    # One test function runs for every adapter's class, which is the point of a suite; servers are slow.
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
)
"""Settings of every property in the suites; the number of examples is that of the profile."""

USERS = ("ana", "bo")
TENANTS = ("default", "acme")
BOTS = ("default", "robin")
WORDS = ("fox", "porto", "sister", "guitar", "rain")


@st.composite
def histories(draw: st.DrawFn, *, max_size: int = 12, max_users: int = 2) -> list[Conversation]:
    """Stored conversations in the order of storing; their times may be equal and in any order.

    The message holds words of `WORDS`, so that they have something in common.
    """
    size = draw(st.integers(0, max_size))
    return [
        examples.stored(
            number,
            user_id=draw(st.sampled_from(USERS[:max_users])),
            tenant_id=draw(st.sampled_from(TENANTS)) if max_users > 1 else TENANTS[0],
            bot_id=draw(st.sampled_from(BOTS)),
            place=draw(st.sampled_from(examples.PLACES)),
            minute=draw(st.sampled_from((0, 1, 20, 45, 200))),
            session_id=draw(st.sampled_from((None, None, "evening"))),
            user_message=" ".join(draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6))),
        )
        for number in range(1, size + 1)
    ]


def scopes() -> st.SearchStrategy[Scope]:
    """Readers from every place, under both policies, of users with and without conversations."""
    return st.builds(
        Scope,
        user_id=st.sampled_from((*USERS, "nobody")),
        tenant_id=st.sampled_from(TENANTS),
        bot_id=st.sampled_from(BOTS),
        place=st.sampled_from(examples.PLACES),
        policy=st.sampled_from(PrivacyPolicy),
        share_between_bots=st.booleans(),
    )


def texts() -> st.SearchStrategy[str]:
    """Anything that may stand in a message after cleaning, and often something that looks like language."""
    storable = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
    words = st.sampled_from((*WORDS, "I", "my", "the", "Ana", "moved", "to", "?", ".", "\n", "São", "12", "don't"))
    return st.one_of(st.text(storable, max_size=80), st.lists(words, max_size=30).map(" ".join))
