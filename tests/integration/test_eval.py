"""``talktiers eval`` on labelled conversations that were written for this test."""

import json
from pathlib import Path

import pytest
from command_line import type_in

from talktiers.domain.conversation import Conversation, ScoredConversation
from talktiers.domain.place import Place
from talktiers.entrypoints.evaluation import edited, full_texts

TALKS = {
    "Ada bought a red kayak in Lyon": "What colour is the kayak?",
    "The roof of the shed leaks": "What leaks?",
    "Grandmother taught me to play the accordion": "Which instrument was taught by grandmother?",
    "We adopted a greyhound called Pepper": "What is the greyhound called?",
}
ANSWERS = ["red", "the roof of the shed", "the accordion", "Pepper"]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one file of four sessions."""
    folder = tmp_path_factory.mktemp("labelled")
    sessions: dict[str, object] = {}
    questions = []
    for number, (told, question) in enumerate(TALKS.items(), 1):
        sessions[f"session_{number}_date_time"] = f"1:56 pm on {number} May, 2024"
        turns = [told, "Is that so?", "It rained all day", "Here it snowed"]
        sessions[f"session_{number}"] = [
            {"speaker": "Ada" if at % 2 == 0 else "Bo", "dia_id": f"D{number}:{at + 1}", "text": text}
            for at, text in enumerate(turns)
        ]
        evidence = [f"D{number}:1"]
        questions.append({"question": question, "answer": ANSWERS[number - 1], "evidence": evidence, "category": 4})
    questions.append({"question": "What did Bo sing?", "evidence": ["D3:1"], "category": 5})
    content = {"sample_id": "pair", "conversation": sessions, "qa": questions}
    (folder / "pair.json").write_text(json.dumps(content))
    return folder


def test_it_prints_recall_what_contexts_hold_and_what_each_tier_adds(labelled: Path, tmp_path: Path) -> None:
    done = type_in(tmp_path, "eval", str(labelled), "--json")
    assert done.code == 0, done.err
    measured = done.json
    assert (measured["conversations"], measured["questions"]) == (8, 5)
    variants = measured["variants"]
    assert list(variants) == [
        "everything on",
        *(f"without {tier}" for tier in ("cache", "lexical", "summaries", "graph")),
    ]
    everything = variants["everything on"]
    assert set(everything) == {"ALL", "single-hop", "adversarial"}
    assert (everything["ALL"]["n"], everything["single-hop"]["n"]) == (5, 4)
    single = everything["single-hop"]
    assert single["R@1"] == 1.0
    assert single["R@1"] <= single["R@5"] <= single["R@10"] <= single["R@20"]
    assert (single["context"], single["answer"]) == (1.0, 1.0)
    assert "answer" not in everything["adversarial"]
    assert variants["without lexical"]["ALL"]["MRR"] <= everything["ALL"]["MRR"]
    assert list(tmp_path.iterdir()) == []


def test_the_table_can_be_read(labelled: Path, tmp_path: Path) -> None:
    done = type_in(tmp_path, "eval", str(labelled), "--edits", "--seed", "3")
    rows = [row.split("\t") for row in done.out.splitlines()]
    assert rows[0][:4] == ["everything on", "n", "R@1", "R@5"]
    assert [row[0] for row in rows if row[0].startswith(("one edit", "without"))] == [
        "one edit a question",
        "without cache",
        "without lexical",
        "without summaries",
        "without graph",
    ]
    assert "5 questions" in done.err


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    done = type_in(tmp_path, "eval", str(tmp_path))
    assert done.code == 1
    assert "not a LoCoMo file" in done.err


def test_an_edit_changes_one_word_a_little_and_is_the_same_for_the_same_seed() -> None:
    for seed in range(50):
        question = "Which instrument was taught by grandmother?"
        changed = edited(question, seed=seed)
        assert changed == edited(question, seed=seed)
        different = [pair for pair in zip(question.split(), changed.split(), strict=True) if pair[0] != pair[1]]
        assert len(different) == 1
        assert abs(len(different[0][0]) - len(different[0][1])) <= 1
    assert len({edited("Which instrument?", seed=seed) for seed in range(50)}) > 10
    assert edited("Is it so?", seed=1) == "Is it so?"


def test_full_texts_fill_the_space_and_not_a_character_more() -> None:
    import datetime as dt

    found = [
        ScoredConversation(
            score=1.0,
            conversation=Conversation(
                conversation_id="c", tenant_id="t", user_id="u", bot_id="b", place=Place.resolve(),
                occurred_at=dt.datetime(2024, 5, 1, tzinfo=dt.UTC), user_message="x" * 30, bot_response="y" * 30,
                user_name="Ada",
            ),
        )
    ] * 2  # fmt: skip
    one = f"[1 May 2024]\nAda: {'x' * 30}\n{'y' * 30}"
    assert full_texts(found, chars=1000) == f"{one}\n{one}"
    assert full_texts(found, chars=60) == one[:60]
    assert full_texts(found, chars=0) == ""
