"""The contract of `RelationshipGraph`. It fixes what is related and the order by meaning, not the exact strengths."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ...adapters.in_memory.relationship_graph import InMemoryRelationshipGraph
from ...domain.conversation import Conversation
from ...domain.derived import RelatedTopic
from ...domain.place import Place, Scope
from ..relationship_graph import GraphRecord, RelationshipGraph
from . import examples
from .derived_tier import DerivedTierContract
from .strategies import ANY_ADAPTER, WORDS, histories, scopes

COMMON = "everything"
"""A topic of every conversation that `RelationshipGraphContract.hold` adds."""
ANA = examples.scope()


def labels(topics: Sequence[RelatedTopic]) -> list[str]:
    """Their labels in lower case, strongest first."""
    return [topic.label.lower() for topic in topics]


def record(
    number: int,
    *topics: str,
    entities: Sequence[str] = (),
    place: Place = examples.DIRECT,
    minute: float | None = None,
    session_id: str | None = None,
    bot_id: str = "default",
) -> GraphRecord:
    """A conversation of Ana's about these topics; a sitting of its own, unless ``minute`` or ``session_id`` say otherwise."""
    item = examples.stored(
        number, place=place, minute=60 * number if minute is None else minute, session_id=session_id, bot_id=bot_id
    )
    return examples.graph_record(item, topics=topics, entities=entities)


class RelationshipGraphContract(DerivedTierContract[RelationshipGraph]):
    """What a relationship graph promises.

    Attributes:
        most_conversations: how many conversations of a related topic the adapter names at most.
    """

    most_conversations: int = 1000

    async def hold(self, tier: RelationshipGraph, conversations: Sequence[Conversation]) -> None:
        """Adds conversations that all have a topic in common."""
        await tier.add(records=[examples.graph_record(item, topics=[COMMON]) for item in conversations])

    async def found(self, tier: RelationshipGraph, scope: Scope, *, limit: int) -> list[str]:
        """The conversations that the common topic brings back."""
        topics = await tier.related_topics(scope=scope, labels=[COMMON], limit=limit)
        return [conversation_id for topic in topics for conversation_id in topic.conversation_ids][:limit]

    async def related(self, tier: RelationshipGraph, *asked: str, limit: int = 20) -> list[str]:
        """Labels that Ana's conversations relate to these."""
        return labels(await tier.related_topics(scope=ANA, labels=asked, limit=limit))

    async def test_what_is_discussed_together_is_related(self, tier: RelationshipGraph) -> None:
        await tier.add(records=[record(1, "guitar", "amplifier"), record(2, "fox", "forest")])
        assert await self.related(tier, "guitar") == ["guitar", "amplifier"]

    async def test_what_nobody_discussed_is_related_to_nothing(self, tier: RelationshipGraph) -> None:
        await tier.add(records=[record(1, "guitar", "amplifier")])
        for asked in ("fox", "", "guit", "%", "*", "guitar%", "' OR 1=1 --", "'}) RETURN n //"):
            assert await self.related(tier, asked) == []
        assert await self.related(tier) == []

    async def test_labels_are_compared_without_regard_to_case(self, tier: RelationshipGraph) -> None:
        await tier.add(records=[record(1, "guitar", entities=["Porto"])])
        assert set(await self.related(tier, "GUITAR")) == {"guitar", "porto"}
        assert set(await self.related(tier, "porto")) == {"guitar", "porto"}

    async def test_a_label_is_found_as_whole_words_of_a_longer_one(self, tier: RelationshipGraph) -> None:
        await tier.add(records=[record(1, "electric guitar", "amplifier"), record(2, "guitarist", "stage")])
        assert set(await self.related(tier, "guitar")) == {"electric guitar", "amplifier"}

    async def test_several_words_are_found_within_a_longer_label(self, tier: RelationshipGraph) -> None:
        await tier.add(records=[record(1, "old electric guitar", "amplifier"), record(2, "electric car", "battery")])
        assert set(await self.related(tier, "electric guitar")) == {"old electric guitar", "amplifier"}

    async def test_several_labels_are_answered_together(self, tier: RelationshipGraph) -> None:
        await tier.add(records=[record(1, "guitar", "amplifier"), record(2, "fox", "forest"), record(3, "rain")])
        assert set(await self.related(tier, "guitar", "fox")) == {"guitar", "amplifier", "fox", "forest"}

    async def test_what_is_asked_about_comes_first_of_equal_strength(self, tier: RelationshipGraph) -> None:
        await tier.add(records=[record(1, "amplifier", "guitar", "zither"), record(2, "amplifier", "guitar", "zither")])
        assert (await self.related(tier, "guitar"))[0] == "guitar"
        assert (await self.related(tier, "zither"))[0] == "zither"

    async def test_more_conversations_in_common_make_it_stronger(self, tier: RelationshipGraph) -> None:
        await tier.add(
            records=[
                *(record(number, "guitar", "amplifier") for number in (1, 2, 3)),
                record(4, "guitar", "fox"),
                *(record(number, "fox") for number in (5, 6)),
            ]
        )
        order = await self.related(tier, "guitar")
        assert order.index("amplifier") < order.index("fox")

    async def test_what_is_in_every_conversation_is_weaker(self, tier: RelationshipGraph) -> None:
        await tier.add(
            records=[
                record(1, "guitar", "amplifier", "weather"),
                record(2, "guitar", "amplifier", "weather"),
                *(record(number, "weather", f"topic {number}") for number in range(3, 12)),
            ]
        )
        order = await self.related(tier, "guitar")
        assert order.index("amplifier") < order.index("weather")

    async def test_what_came_right_before_or_after_is_related_but_less(self, tier: RelationshipGraph) -> None:
        await tier.add(
            records=[
                record(1, "rain", minute=1),
                record(2, "fox", minute=2),
                record(3, "guitar", "amplifier", minute=3),
                record(4, "porto", minute=4),
                record(5, "sister", minute=5, place=examples.GARDEN),
                record(6, "forest", minute=90),
            ]
        )
        order = await self.related(tier, "guitar")
        assert order[:2] == ["guitar", "amplifier"]
        assert set(order[2:]) == {"fox", "porto"}

    async def test_conversations_of_a_topic_come_newest_first(self, tier: RelationshipGraph) -> None:
        await tier.add(
            records=[record(1, "guitar", minute=2), record(2, "guitar", minute=9), record(3, "guitar", minute=3)]
        )
        (topic,) = await tier.related_topics(scope=ANA, labels=["guitar"], limit=5)
        newest_first = tuple(examples.conversation_id(number) for number in (2, 3, 1))
        assert topic.conversation_ids == newest_first[: self.most_conversations]

    async def test_adding_again_replaces_what_a_conversation_names(self, tier: RelationshipGraph) -> None:
        await tier.add(records=[record(1, "guitar", "amplifier", entities=["Porto"])])
        await tier.add(records=[record(1, "guitar", "fox")])
        assert set(await self.related(tier, "guitar")) == {"guitar", "fox"}
        assert await self.related(tier, "amplifier") == []
        assert await tier.entities(scope=ANA, limit=5) == []

    async def test_strength_does_not_grow_by_being_told_twice(self, tier: RelationshipGraph) -> None:
        records = [record(1, "guitar", "amplifier"), record(2, "amplifier"), record(3, "guitar", "fox")]
        await tier.add(records=records)
        once = await tier.related_topics(scope=ANA, labels=["guitar"], limit=9)
        for _ in range(3):
            await tier.add(records=records[:1])
        assert await tier.related_topics(scope=ANA, labels=["guitar"], limit=9) == once

    async def test_forgetting_takes_what_only_that_conversation_named(self, tier: RelationshipGraph) -> None:
        await tier.add(records=[record(1, "guitar", "amplifier", entities=["Porto"]), record(2, "guitar", "fox")])
        await tier.forget_conversations(
            tenant_id="default", user_id="ana", conversation_ids=[examples.conversation_id(1)]
        )
        assert set(await self.related(tier, "guitar")) == {"guitar", "fox"}
        assert set(labels(await tier.interests(scope=ANA, limit=9))) == {"guitar", "fox"}
        assert await tier.entities(scope=ANA, limit=9) == []

    async def test_what_the_user_talks_about_most_is_the_first_interest(self, tier: RelationshipGraph) -> None:
        await tier.add(
            records=[record(1, "guitar", "fox"), record(2, "guitar"), record(3, "guitar", "rain"), record(4, "rain")]
        )
        interests = await tier.interests(scope=ANA, limit=9)
        assert [label for label in labels(interests) if label in {"guitar", "fox", "rain"}] == ["guitar", "rain", "fox"]
        assert all(0 < topic.strength <= 1 for topic in interests)
        assert labels(await tier.interests(scope=ANA, limit=1)) == ["guitar"]

    async def test_the_entity_named_most_often_comes_first_spelt_as_it_was_said(self, tier: RelationshipGraph) -> None:
        await tier.add(
            records=[
                record(1, entities=["Porto", "Lisbon"]),
                record(2, entities=["Lisbon"]),
                record(3, entities=["São Tomé"], place=examples.GARDEN),
            ]
        )
        names = [entity.name for entity in await tier.entities(scope=ANA, limit=9)]
        assert names[0] == "Lisbon"
        assert set(names) == {"Lisbon", "Porto", "São Tomé"}
        assert [entity.name for entity in await tier.entities(scope=ANA, limit=1)] == ["Lisbon"]
        in_the_garden = await tier.entities(scope=examples.scope(place=examples.GARDEN), limit=9)
        assert [entity.name for entity in in_the_garden] == ["São Tomé"]

    async def test_what_came_next_stays_in_place_bot_and_session(self, tier: RelationshipGraph) -> None:
        await tier.add(
            records=[
                record(1, minute=1),
                record(2, minute=2, place=examples.GARDEN),
                record(3, minute=3, bot_id="robin"),
                record(4, minute=4),
                record(5, minute=5, session_id="evening"),
                record(6, minute=6),
                record(7, minute=200),
            ]
        )
        following = await tier.followed_by(scope=ANA, conversation_id=examples.conversation_id(1), limit=9)
        assert following == [examples.conversation_id(number) for number in (4, 6)]
        assert await tier.followed_by(scope=ANA, conversation_id=examples.conversation_id(1), limit=1) == following[:1]
        assert await tier.followed_by(scope=ANA, conversation_id=examples.conversation_id(6), limit=9) == []

    async def test_a_named_session_goes_on_over_a_pause(self, tier: RelationshipGraph) -> None:
        await tier.add(records=[record(1, session_id="s"), record(2, session_id="s", minute=900)])
        following = await tier.followed_by(scope=ANA, conversation_id=examples.conversation_id(1), limit=9)
        assert following == [examples.conversation_id(2)]

    async def test_one_that_arrives_late_takes_its_place(self, tier: RelationshipGraph) -> None:
        await tier.add(records=[record(1, minute=1), record(3, minute=3)])
        await tier.add(records=[record(2, minute=2)])
        following = await tier.followed_by(scope=ANA, conversation_id=examples.conversation_id(1), limit=9)
        assert following == [examples.conversation_id(number) for number in (2, 3)]

    async def test_nothing_follows_an_invisible_or_unknown_conversation(self, tier: RelationshipGraph) -> None:
        await tier.add(records=[record(n, minute=n, place=examples.CELLAR) for n in (1, 2)])
        reader = examples.scope(place=examples.SQUARE)
        for asked in (examples.conversation_id(1), examples.conversation_id(99), "", "' OR 1=1 --"):
            assert await tier.followed_by(scope=reader, conversation_id=asked, limit=9) == []

    async def test_no_label_breaks_the_graph(self, tier: RelationshipGraph) -> None:
        awkward = [text[:100].strip().lower() for text in examples.HOSTILE_TEXTS if text.strip()]
        await tier.add(records=[record(n, label, f"companion {n}") for n, label in enumerate(awkward, start=1)])
        for number, label in enumerate(awkward, start=1):
            assert f"companion {number}" in await self.related(tier, label)

    @ANY_ADAPTER
    @given(history=histories(), reader=scopes(), asked=st.sets(st.sampled_from((*WORDS, "Anna")), max_size=2))
    async def test_it_agrees_with_the_model(self, history: list[Conversation], reader: Scope, asked: set[str]) -> None:
        records = [
            examples.graph_record(
                item,
                topics=sorted(set(item.user_message.split()) - {"porto"}),
                entities=["Porto"] if "porto" in item.user_message else [],
            )
            for item in history
        ]
        model = InMemoryRelationshipGraph()
        async with self.make() as tier:
            for graph in (model, tier):
                await graph.add(records=records)
            expected = await model.related_topics(scope=reader, labels=sorted(asked), limit=99)
            actual = await tier.related_topics(scope=reader, labels=sorted(asked), limit=99)
            best = await tier.related_topics(scope=reader, labels=sorted(asked), limit=2)
            interests = await tier.interests(scope=reader, limit=99)
            assert set(labels(interests)) == set(labels(await model.interests(scope=reader, limit=99)))
            named = await tier.entities(scope=reader, limit=99)
            assert named == await model.entities(scope=reader, limit=99)
            for item in history:
                following = await tier.followed_by(scope=reader, conversation_id=item.conversation_id, limit=3)
                assert following == await model.followed_by(scope=reader, conversation_id=item.conversation_id, limit=3)
        assert best == actual[:2]
        strengths = [topic.strength for topic in actual]
        assert strengths == sorted(strengths, reverse=True)
        assert all(0 < strength <= 1 for strength in strengths)
        assert {topic.label.lower(): topic.conversation_ids for topic in actual} == {
            topic.label.lower(): topic.conversation_ids[: self.most_conversations] for topic in expected
        }
