"""The explanation accounts for every character of the context and for everything that is missing."""

from __future__ import annotations

import json

from context_cases import candidate, conversation, materials, question
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.domain.context_budget import ContextBudget
from talktiers.domain.context_bundle import AssemblyMetadata, ContextBundle, TierReport, TierStatus
from talktiers.domain.context_material import ContextMaterial


def bundle(material: ContextMaterial, max_chars: int = 4000) -> ContextBundle:
    metadata = AssemblyMetadata(
        query=material.question.text,
        user_id="42",
        tiers=(TierReport(tier="graph", status=TierStatus.TIMEOUT, time_ms=80.0),),
    )
    return ContextBundle.assemble(material=material, metadata=metadata, budget=ContextBudget(max_chars=max_chars))


@given(material=materials(), max_chars=st.integers(1, 3000))
@settings(deadline=None, max_examples=150)
def test_every_line_of_the_context_has_an_entry_and_their_costs_add_up(
    material: ContextMaterial, max_chars: int
) -> None:
    built = bundle(material, max_chars)
    text = built.to_context_string()
    data = built.explain().to_json()
    lines = data["lines"]
    assert isinstance(lines, list)
    assert "\n".join(line["text"] for line in lines) == text
    assert sum(line["cost_chars"] for line in lines) == (len(text) + 1 if text else 0)
    for line in lines:
        assert (line["conversation_id"] is not None) == (line["kind"] in ("turn", "summary"))
        assert bool(line["tiers"]) == (line["kind"] in ("turn", "summary", "labels"))
    json.dumps(data)


@given(material=materials())
@settings(deadline=None, max_examples=100)
def test_it_prints_whatever_was_stored_without_a_control_character(material: ContextMaterial) -> None:
    printed = str(bundle(material).explain())
    assert not [c for c in printed if c != "\n" and (c < " " or "\x7f" <= c <= "\x9f" or "\u202a" <= c <= "\u202e")]


def test_the_table_shows_scores_cost_source_and_what_was_left_out() -> None:
    found = tuple(
        candidate(conversation(n, f"My sister painted house {n}, number {n * n}, in Porto. " * 3), 0.9 - n / 100)
        for n in range(12)
    )
    material = ContextMaterial(
        question=question(),
        candidates=(*found, candidate(conversation(77, found[0].conversation.user_message), 0.1)),
        withheld=("11111111-1111-4111-8111-111111111111",),
    )
    printed = str(bundle(material, 900).explain())
    first = next(line for line in printed.splitlines() if "house 0," in line)
    assert first.split()[:4] == ["relevant", "full", "lexical", "0.90"]
    assert "(lexical 0.90)" in first
    assert found[0].conversation_id in first
    left = [line.split() for line in printed.splitlines() if line.startswith("relevant")]
    reasons = {cells[-1]: cells[1] for cells in left}
    assert reasons[found[11].conversation_id] == "budget"
    assert reasons[conversation(77, "").conversation_id] == "duplicate"
    assert reasons["11111111-1111-4111-8111-111111111111"] == "invisible"
    assert "graph  timeout  80.0" in printed


def test_nothing_known_says_so() -> None:
    assert "Nothing is in the context." in str(bundle(ContextMaterial(question=question())).explain())
