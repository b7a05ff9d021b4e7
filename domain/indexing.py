"""What of a conversation is searched: the terms of the lexical index and the text of its vector."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from .analysis import Analysis
from .conversation import Conversation
from .lexical import LexicalQuery
from .lexical_document import MAX_FIRST_PERSON, LexicalDocument
from .postings import MAX_COUNT

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

MIN_WORD_CHARS = 3
MAX_WORD_CHARS = 25
"""Surface words are kept for mending words of 4 to 24 characters, by one edit each way."""


def date_words(moment: dt.datetime) -> str:
    """The date as people write it, "8 May 2023", in the time zone of the moment itself."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def heading_text(conversation: Conversation) -> str:
    """What is indexed beside the two messages: the speakers' names and the date on the speaker's own calendar."""
    parts = (conversation.user_name, conversation.bot_name, date_words(conversation.occurred_at))
    return " ".join(part for part in parts if part)


def searched_text(conversation: Conversation) -> str:
    """The text whose vector stands for the conversation: one line "Name: message" for each side that said something."""
    lines = (
        (conversation.user_name, conversation.user_message),
        (conversation.bot_name, conversation.bot_response),
    )
    return "\n".join(f"{name}: {message}" if name else message for name, message in lines if message)


def lexical_document(
    conversation: Conversation, *, user: Analysis, bot: Analysis, heading: Analysis
) -> LexicalDocument:
    """What the lexical index keeps of a conversation.

    Args:
        user, bot: of the user's message and of the bot's response.
        heading: of `heading_text`.

    Returns:
        Term counts saturate at 255, first-person words at 3: no formula tells more of them apart.
    """
    counts = Counter(heading.terms)
    counts.update(user.terms)
    counts.update(bot.terms)
    words = {token.word for part in (heading, user, bot) for token in part.tokens}
    chars = conversation.text_chars
    return LexicalDocument(
        key=conversation.key,
        sequence=conversation.sequence,
        place=conversation.place,
        bot_id=conversation.bot_id,
        session_id=conversation.session_id,
        occurred_at=conversation.occurred_at,
        term_counts={term: min(MAX_COUNT, count) for term, count in counts.items()},
        words=frozenset(word for word in words if MIN_WORD_CHARS <= len(word) <= MAX_WORD_CHARS),
        user_name=conversation.user_name,
        bot_name=conversation.bot_name,
        user_first_person=min(MAX_FIRST_PERSON, user.first_person),
        bot_first_person=min(MAX_FIRST_PERSON, bot.first_person),
        user_share=len(conversation.user_message) / chars if chars else 0.0,
    )


def lexical_query(question: Analysis) -> LexicalQuery:
    """What the lexical index is asked: distinct terms in the order of the question, and all its words."""
    return LexicalQuery(
        terms=tuple(dict.fromkeys(question.terms)), words=frozenset(token.word for token in question.tokens)
    )
