"""The contract of `TopicExtractor`."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import attrs
import pytest
from hypothesis import given

from ...domain.conversation import Conversation
from ..topic_extractor import TopicExtractor
from . import examples
from .strategies import ANY_ADAPTER, texts

SMALL_TALK = ("Hello there!", "Hi, how are you?", "Thanks a lot", "OK", "Good morning", "lol", "the of and to", "Bye!")


class TopicExtractorContract:
    """What an extractor of topics and entities promises.

    Attributes:
        deterministic: whether the same conversation gives the same extraction; a language model may not.
    """

    deterministic: bool = True

    def make(self) -> AbstractAsyncContextManager[TopicExtractor]:
        """An extractor."""
        raise NotImplementedError

    async def test_there_is_one_extraction_a_conversation_in_their_order(self) -> None:
        history = [_said("I bought an electric guitar"), _said("hello"), _said("My tomatoes have a fungus")]
        async with self.make() as extractor:
            guitar, nothing, tomatoes = await extractor.extract(conversations=history)
            assert await extractor.extract(conversations=[]) == []
        assert any("guitar" in topic.label for topic in guitar.topics)
        assert nothing.topics == ()
        assert any("tomato" in topic.label for topic in tomatoes.topics)

    async def test_small_talk_has_no_topic_and_no_entity(self) -> None:
        history = [_said(text, answered="Hello! How are you?") for text in SMALL_TALK]
        async with self.make() as extractor:
            extractions = await extractor.extract(conversations=history)
        assert [(item.topics, item.entities) for item in extractions] == [((), ())] * len(SMALL_TALK)

    async def test_the_bots_own_name_is_never_a_label(self) -> None:
        item = attrs.evolve(
            examples.full_conversation(),
            user_message="Robin, tell me about Porto. Robin, do you like guitars?",
            bot_response="Robin here! Porto is lovely.",
        )
        async with self.make() as extractor:
            (found,) = await extractor.extract(conversations=[item])
        labels = {topic.label.lower() for topic in found.topics} | {entity.name.lower() for entity in found.entities}
        assert not any("robin" in label.split() for label in labels)
        assert "porto" in labels

    async def test_a_name_is_spelt_as_it_was_said(self) -> None:
        async with self.make() as extractor:
            (found,) = await extractor.extract(conversations=[_said("Yesterday I met Françoise in São Paulo")])
        assert {"Françoise", "São Paulo"} <= {entity.name for entity in found.entities}

    @ANY_ADAPTER
    @given(said=texts(), answered=texts())
    async def test_labels_are_lower_case_short_and_weighed(self, said: str, answered: str) -> None:
        async with self.make() as extractor:
            (found,) = await extractor.extract(conversations=[_said(said, answered=answered)])
        for topic in found.topics:
            assert topic.label == topic.label.lower().strip() != ""
            assert len(topic.label.split()) <= 3
            assert 0 < topic.weight <= 1
        weights = [topic.weight for topic in found.topics]
        assert weights == sorted(weights, reverse=True)
        assert len({topic.label for topic in found.topics}) == len(found.topics)
        assert all(entity.name.strip() for entity in found.entities)

    async def test_the_rest_of_the_batch_makes_no_difference(self) -> None:
        if not self.deterministic:
            return
        history = [
            _said("I bought an electric guitar"),
            _said("Ana moved to Porto"),
            _said("My tomatoes have a fungus"),
        ]
        async with self.make() as extractor:
            together = await extractor.extract(conversations=history)
            alone = [(await extractor.extract(conversations=[item]))[0] for item in reversed(history)]
        assert together == alone[::-1]

    @pytest.mark.parametrize("text", [*examples.HOSTILE_TEXTS, examples.MEGABYTE_TEXT], ids=str.__len__)
    async def test_no_text_breaks_it(self, text: str) -> None:
        async with self.make() as extractor:
            assert len(await extractor.extract(conversations=[_said(text)])) == 1
            extractor.topics_of_query(text=text)

    async def test_a_question_is_looked_up_under_the_labels_that_conversations_have(self) -> None:
        async with self.make() as extractor:
            (found,) = await extractor.extract(conversations=[_said("I bought an electric guitar")])
            asked = extractor.topics_of_query(text="Do you remember my electric guitar?")
            assert extractor.topics_of_query(text="Do you remember my electric guitar?") == asked
            assert extractor.topics_of_query(text="") == ()
        assert {topic.label for topic in found.topics} & set(asked)

    async def test_it_names_itself(self) -> None:
        async with self.make() as one, self.make() as another:
            assert one.fingerprint
            assert one.fingerprint == another.fingerprint


def _said(text: str, *, answered: str = "I see.") -> Conversation:
    return attrs.evolve(examples.stored(user_message=text), bot_response=answered)
