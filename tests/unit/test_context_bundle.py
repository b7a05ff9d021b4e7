"""The bundle hands out the context as text and as messages, within its budget."""

from __future__ import annotations

import pytest
from context_cases import candidate, conversation, materials, question
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.domain.context_budget import ContextBudget
from talktiers.domain.context_bundle import AssemblyMetadata, ContextBundle, TierReport, TierStatus
from talktiers.domain.context_material import ContextMaterial
from talktiers.domain.derived import Intent, RelatedTopic
from talktiers.domain.errors import InvalidConversation


def bundle(material: ContextMaterial, max_chars: int = 4000) -> ContextBundle:
    metadata = AssemblyMetadata(query=material.question.text, user_id="42", intent=Intent.QUESTION)
    return ContextBundle.assemble(material=material, metadata=metadata, budget=ContextBudget(max_chars=max_chars))


PORTO = ContextMaterial(
    question=question(),
    recent=tuple(conversation(50 + n, f"What is the height of tower {n}?", f"It is {n} metres.") for n in range(4)),
    candidates=tuple(
        candidate(
            conversation(n, f"My sister painted house {n} in Porto. " * 6, "I see."), 1 - n / 50, summary=f"House {n}."
        )
        for n in range(12)
    ),
    related_topics=(RelatedTopic(label="porto", strength=0.9),),
    interests=(RelatedTopic(label="painting", strength=0.8),),
)


@given(material=materials(), max_chars=st.integers(1, 3000), max_length=st.integers(1, 4000), as_turns=st.booleans())
@settings(deadline=None, max_examples=150)
def test_both_forms_keep_within_the_smaller_of_both_limits(
    material: ContextMaterial, max_chars: int, max_length: int, as_turns: bool
) -> None:
    built = bundle(material, max_chars)
    limit = min(max_chars, max_length)
    assert len(built.to_context_string(max_length)) <= limit
    messages = built.to_messages(max_length, recent_as_turns=as_turns)
    assert sum(len(message["content"]) for message in messages) <= limit
    assert all(message["content"].strip() for message in messages)


@given(material=materials())
@settings(deadline=None, max_examples=50)
def test_recent_messages_are_chronological_and_the_newest_ones(material: ContextMaterial) -> None:
    orders = [item.order for item in bundle(material).recent_messages]
    assert orders == sorted(orders)
    assert len(orders) <= 10


def test_the_fields_name_what_stands_in_the_context() -> None:
    built = bundle(PORTO)
    assert built.recent_messages == PORTO.recent
    assert [item.conversation for item in built.full_conversations] == [c.conversation for c in PORTO.candidates[:3]]
    scores = [item.score for item in built.full_conversations]
    assert scores == sorted(scores, reverse=True)
    assert [item.text for item in built.semantic_summaries] == [f"House {n}." for n in range(3, 12)]
    assert built.related_topics == ("porto",)
    assert built.interests == ("painting",)
    assert built.assembly_metadata.context_chars == len(built.to_context_string())
    assert built.assembly_metadata.max_chars == 4000


def test_one_system_message_holds_everything_by_default() -> None:
    built = bundle(PORTO)
    assert built.to_messages() == [{"role": "system", "content": built.to_context_string()}]


def test_recent_turns_follow_the_system_message_in_their_order() -> None:
    messages = bundle(PORTO).to_messages(recent_as_turns=True)
    assert [message["role"] for message in messages] == ["system"] + ["user", "assistant"] * 4
    assert messages[1]["content"] == "What is the height of tower 0?"
    assert messages[-1]["content"] == "It is 3 metres."
    assert "tower" not in messages[0]["content"]


def test_a_turn_keeps_its_line_breaks_and_a_side_that_said_nothing_has_no_message() -> None:
    built = bundle(ContextMaterial(question=question(), recent=(conversation(1, "one\ntwo"),)))
    assert built.to_messages(recent_as_turns=True) == [{"role": "user", "content": "one\ntwo"}]


def test_nothing_known_is_an_empty_context() -> None:
    built = bundle(ContextMaterial(question=question()))
    assert built.to_context_string() == ""
    assert built.to_messages() == built.to_messages(recent_as_turns=True) == []


@pytest.mark.parametrize("max_length", [0, -1])
def test_a_length_below_one_is_refused(max_length: int) -> None:
    with pytest.raises(InvalidConversation):
        bundle(PORTO).to_context_string(max_length)


def test_the_same_material_gives_the_same_context() -> None:
    assert bundle(PORTO).to_context_string() == bundle(PORTO).to_context_string()


def test_the_time_can_be_filled_in_once_everything_is_done() -> None:
    assert bundle(PORTO).timed(12.5).assembly_metadata.retrieval_time_ms == 12.5


def test_a_context_is_complete_when_every_tier_that_was_asked_answered_in_full() -> None:
    def metadata(*statuses: TierStatus) -> AssemblyMetadata:
        reports = tuple(TierReport(tier=str(n), status=status) for n, status in enumerate(statuses))
        return AssemblyMetadata(query="", user_id="42", tiers=reports)

    assert metadata(TierStatus.OK, TierStatus.SKIPPED).complete
    for status in (TierStatus.STALE, TierStatus.TIMEOUT, TierStatus.ERROR):
        assert not metadata(TierStatus.OK, status).complete
