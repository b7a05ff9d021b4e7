"""What of a conversation is searched."""

from __future__ import annotations

import datetime as dt

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.adapters.text.analyser import SnowballAnalyser
from talktiers.domain.conversation import Conversation
from talktiers.domain.indexing import heading_text, lexical_document, lexical_query, searched_text
from talktiers.domain.lexical_document import LexicalDocument
from talktiers.domain.place import Audience, Place

ANALYSER = SnowballAnalyser()
TOLD = Conversation(
    conversation_id="018f2b5e-0000-7000-8000-000000000001",
    tenant_id="t",
    user_id="u",
    bot_id="b",
    place=Place(audience=Audience.DIRECT),
    occurred_at=dt.datetime(2023, 5, 8, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-7))),
    user_message="My sister moved to Porto",
    bot_response="I love Porto",
    sequence=7,
    user_name="Ana",
    bot_name="Bruno",
)


def indexed(conversation: Conversation) -> LexicalDocument:
    return lexical_document(
        conversation,
        user=ANALYSER.analyse(text=conversation.user_message),
        bot=ANALYSER.analyse(text=conversation.bot_response),
        heading=ANALYSER.analyse(text=heading_text(conversation)),
    )


def test_names_date_and_both_messages_are_indexed() -> None:
    document = indexed(TOLD)
    assert document.term_counts == {
        "ana": 1,
        "bruno": 1,
        "8": 1,
        "may": 1,
        "2023": 1,
        "sister": 1,
        "move": 1,
        "porto": 2,
        "love": 1,
    }
    assert document.length == 10
    assert (document.user_first_person, document.bot_first_person) == (1, 1)
    assert document.user_share == 24 / 36


def test_the_date_is_the_one_on_the_speakers_own_calendar() -> None:
    assert heading_text(TOLD) == "Ana Bruno 8 May 2023"
    assert heading_text(attrs.evolve(TOLD, user_name="", bot_name="")) == "8 May 2023"


def test_the_searched_text_is_one_line_for_each_side_that_said_something() -> None:
    assert searched_text(TOLD) == "Ana: My sister moved to Porto\nBruno: I love Porto"
    assert searched_text(attrs.evolve(TOLD, bot_name="", user_message="")) == "I love Porto"


def test_words_that_may_be_meant_by_a_mistyped_one_are_kept() -> None:
    assert {"moved", "sister", "porto", "2023"} <= indexed(TOLD).words
    shouted = attrs.evolve(TOLD, user_message="x" * 40, bot_response="ok")
    assert indexed(shouted).words == frozenset({"ana", "bruno", "may", "2023"})


def test_counts_saturate() -> None:
    document = indexed(attrs.evolve(TOLD, user_message="porto " * 1000 + "i " * 1000, bot_response=""))
    assert document.term_counts["porto"] == 255
    assert document.user_first_person == 3
    assert document.user_share == 1.0


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=20))
def test_any_conversation_can_be_indexed(user_message: str, bot_response: str, name: str) -> None:
    document = indexed(attrs.evolve(TOLD, user_message=user_message, bot_response=bot_response, user_name=name))
    assert 0 <= document.user_share <= 1
    assert all(1 <= count <= 255 for count in document.term_counts.values())
    assert len(document.features()) == 1


def test_a_question_asks_for_each_term_once_and_keeps_every_word() -> None:
    query = lexical_query(ANALYSER.analyse(text="Porto? When did Ana move, moving to Porto?"))
    assert query.terms == ("porto", "ana", "move")
    assert query.words == {"porto", "when", "did", "ana", "move", "moving", "to"}
