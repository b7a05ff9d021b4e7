"""The context keeps within its budget, says nothing twice, and leaves no part empty that has something to say."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from context_cases import MONDAY, candidate, conversation, materials, question
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.domain.context_budget import ContextBudget, ContextShares
from talktiers.domain.context_material import ContextMaterial, Part
from talktiers.domain.derived import RelatedTopic
from talktiers.domain.errors import InvalidConversation
from talktiers.domain.packed_context import Form, LeftOutReason, LineKind, PackedContext
from talktiers.domain.packing import ContextPacker
from talktiers.domain.rendering import PlainRenderer


def packed(material: ContextMaterial, max_chars: int = 4000) -> PackedContext:
    packer = ContextPacker(material, shares=ContextShares(), renderer=PlainRenderer())
    return packer.pack(ContextBudget(max_chars=max_chars))


@given(material=materials(), max_chars=st.one_of(st.integers(1, 400), st.integers(1, 6000)))
@settings(deadline=None, max_examples=300)
def test_never_one_character_over_the_budget_and_nothing_twice(material: ContextMaterial, max_chars: int) -> None:
    context = packed(material, max_chars)
    assert len(context.text) <= max_chars
    assert "\n".join(line.text for line in context.lines) == context.text
    ids = [entry.conversation_id for entry in context.entries]
    assert len(ids) == len(set(ids))
    contents = [(e.conversation.user_message.strip(), e.conversation.bot_response.strip()) for e in context.entries]
    assert len(contents) == len(set(contents))
    blocks = [entry.lines for entry in context.entries]
    assert len(blocks) == len(set(blocks))
    for part in Part:
        orders = [entry.conversation.order for entry in context.of(part)]
        assert orders == sorted(orders)


@given(material=materials(), max_chars=st.integers(1, 3000))
@settings(deadline=None, max_examples=100)
def test_whatever_was_considered_is_either_shown_or_left_out(material: ContextMaterial, max_chars: int) -> None:
    context = packed(material, max_chars)
    given_ids = {item.conversation_id for item in (*material.recent, *material.older)}
    given_ids |= {item.conversation_id for item in material.candidates}
    shown = {entry.conversation_id for entry in context.entries}
    left = [item.item for item in context.left_out if item.part is not Part.TOPICS]
    assert len(left) == len(set(left))
    assert shown.isdisjoint(left)
    assert shown | set(left) == given_ids | set(material.withheld)


@given(material=materials(), max_tokens=st.integers(1, 500), chars_per_token=st.floats(0.3, 5))
@settings(deadline=None, max_examples=100)
def test_never_over_the_token_limit(material: ContextMaterial, max_tokens: int, chars_per_token: float) -> None:
    def count(text: str) -> int:
        return int(len(text.encode("utf-8", "surrogatepass")) / chars_per_token)

    budget = ContextBudget(max_tokens=max_tokens, count_tokens=count)
    text = ContextPacker(material, shares=ContextShares(), renderer=PlainRenderer()).pack(budget).text
    assert count(text) <= max_tokens


def test_a_token_limit_is_used_and_not_only_kept() -> None:
    found = [
        candidate(conversation(n, f"My sister bought boat number {n} in Porto, painted red and blue."))
        for n in range(60)
    ]
    budget = ContextBudget(max_tokens=500, count_tokens=lambda text: len(text.split()))
    material = ContextMaterial(question=question(), candidates=tuple(found))
    text = ContextPacker(material, shares=ContextShares(), renderer=PlainRenderer()).pack(budget).text
    assert 350 <= len(text.split()) <= 500


def test_one_huge_message_does_not_empty_a_part_and_its_best_passage_stands_there() -> None:
    filler = "Nothing of interest happens in this sentence at all. " * 15_000
    huge = conversation(1, filler + "My sister lives in Porto since April 2019. " + filler, "Noted.")
    small = conversation(2, "My sister likes boats.", "I see.")
    last = conversation(3, filler, filler)
    material = ContextMaterial(
        question=question(), recent=(last,), candidates=(candidate(huge, 0.9), candidate(small, 0.4))
    )
    context = packed(material, 1500)
    assert [entry.conversation for entry in context.of(Part.RECENT)] == [last]
    assert {entry.conversation_id for entry in context.of(Part.RELEVANT)} == {
        huge.conversation_id,
        small.conversation_id,
    }
    assert "My sister lives in Porto since April 2019." in context.text


def test_a_megabyte_costs_some_milliseconds() -> None:
    texts = ["Some words about nothing in particular. " * 26_000, "Viele Wörter über gar nichts. " * 34_000]
    found = [candidate(conversation(n, f"{n} {text}", text), 0.5) for n, text in enumerate(texts)]
    material = ContextMaterial(question=question(), candidates=tuple(found))
    began = time.perf_counter()
    packed(material)
    # A bound for machines of any kind: reading the four megabytes word by word takes seconds.
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize("max_chars", [400, 1000, 4000])
def test_the_newest_two_exchanges_are_always_there_shortened_if_they_must_be(max_chars: int) -> None:
    answer = "One may say a lot about quarter {n} of Porto and its 6 bridges over the river Douro. " * 14
    recent = tuple(conversation(n, f"Tell me the story of quarter {n}", answer.format(n=n)) for n in range(6))
    found = tuple(candidate(conversation(100 + n, f"My sister lives in house {n}. " * 9)) for n in range(20))
    context = packed(ContextMaterial(question=question(), recent=recent, candidates=found), max_chars)
    assert recent[-2:] == tuple(entry.conversation for entry in context.of(Part.RECENT))[-2:]
    assert context.of(Part.RELEVANT)


def test_recent_takes_at_most_its_share_where_others_want_the_space_and_more_where_none_does() -> None:
    recent = tuple(
        conversation(n, f"Question {n}: what is the tallest building of town {n}?", f"It is tower {n}. " * 20)
        for n in range(10)
    )
    found = tuple(candidate(conversation(100 + n, f"My sister lives in house {n}. " * 9)) for n in range(40))
    crowded = packed(ContextMaterial(question=question(), recent=recent, candidates=found))
    alone = packed(ContextMaterial(question=question(), recent=recent))

    def chars(context: PackedContext) -> int:
        return sum(line.cost_chars for line in context.lines if line.part is Part.RECENT)

    assert chars(crowded) <= 0.35 * 4000 < chars(alone)
    assert sum(line.cost_chars for line in crowded.lines if line.part is Part.RELEVANT) >= 0.5 * 4000


def test_the_best_three_stand_in_full_and_the_others_as_passage_or_summary() -> None:
    long = "My sister lives in house {n}. It has 4 rooms and a view of the river. We painted it blue. " * 3
    found = tuple(
        candidate(
            conversation(n, long.format(n=n)),
            1 - n / 100,
            summary=f"Summary {n} says where the sister lives." if n == 5 else None,
        )
        for n in range(30)
    )
    material = ContextMaterial(question=question("where does my sister live"), candidates=found)
    context = packed(material)
    full = {entry.conversation_id for entry in context.entries if entry.form is Form.FULL}
    assert full == {item.conversation_id for item in found[:3]}
    assert {entry.conversation_id for entry in context.entries} >= {item.conversation_id for item in found[:14]}


def test_a_summary_is_shown_where_it_holds_more_of_the_question_than_any_passage() -> None:
    said = conversation(1, "She found a flat there, at last, after 7 months. " * 20)
    found = candidate(said, summary="Ana's sister lives in Porto.")
    context = packed(ContextMaterial(question=question("sister Porto"), candidates=(found,)), 700)
    assert "- Ana's sister lives in Porto." in context.text.split("\n")


def test_a_passage_that_holds_as_much_as_the_summary_is_preferred_to_it() -> None:
    said = conversation(
        1, "My sister found a flat in Porto, after 7 months. " + "Then it rained for days and days. " * 20
    )
    found = candidate(said, summary="Ana has a sister in Porto.")
    context = packed(ContextMaterial(question=question("Ana sister Porto"), candidates=(found,)), 700)
    assert "My sister found a flat in Porto, after 7 months." in context.text


def test_what_stands_in_full_under_recent_is_not_repeated_under_relevant() -> None:
    said = conversation(1, "My sister lives in Porto.", "Nice!")
    context = packed(ContextMaterial(question=question(), recent=(said,), candidates=(candidate(said),), older=(said,)))
    assert context.text.count("My sister lives in Porto.") == 1
    assert not context.left_out


def test_the_same_text_of_two_conversations_is_shown_once_and_the_other_is_named_as_a_duplicate() -> None:
    first, second = (conversation(n, "My sister lives in Porto.", "Nice!") for n in (1, 2))
    context = packed(ContextMaterial(question=question(), candidates=(candidate(first, 0.9), candidate(second, 0.8))))
    assert context.text.count("My sister lives in Porto.") == 1
    (left,) = context.left_out
    assert (left.item, left.reason) == (second.conversation_id, LeftOutReason.DUPLICATE)


def test_topics_take_one_line_each_and_no_label_stands_twice() -> None:
    def topics(*labels: str) -> tuple[RelatedTopic, ...]:
        return tuple(RelatedTopic(label=label, strength=0.5) for label in labels)

    material = ContextMaterial(
        question=question(), related_topics=topics("porto", "boats"), interests=topics("Boats", "cats", "cats")
    )
    context = packed(material)
    lines = [line.text for line in context.lines if line.kind is LineKind.LABELS]
    assert lines == ["## Related topics: porto, boats", "## Interests: cats"]
    assert context.labels == ("porto", "boats", "cats")


def test_conversations_of_one_day_share_one_line_for_the_day() -> None:
    found = tuple(
        candidate(conversation(n, f"My sister owns boat {n}.", occurred_at=MONDAY.replace(minute=n))) for n in range(4)
    )
    context = packed(ContextMaterial(question=question(), candidates=found))
    assert context.text.count("[4 March 2024]") == 1


@pytest.mark.parametrize("max_chars", range(1, 140))
def test_a_tiny_budget_gives_something_within_it_or_nothing(max_chars: int) -> None:
    said = conversation(1, "My sister lives in Porto.", "Nice!")
    text = packed(ContextMaterial(question=question(), recent=(said,), candidates=(candidate(said),)), max_chars).text
    assert len(text) <= max_chars
    assert not text or (text.startswith("<memory>") and text.endswith("</memory>"))


@pytest.mark.parametrize(
    "limited",
    [
        lambda: ContextBudget(max_chars=0),
        lambda: ContextBudget(max_chars=-5),
        lambda: ContextBudget(max_tokens=0, count_tokens=len),
        lambda: ContextBudget(max_tokens=5),
    ],
)
def test_a_limit_below_one_or_tokens_without_a_counter_are_refused(limited: Callable[[], ContextBudget]) -> None:
    with pytest.raises(InvalidConversation):
        limited()
