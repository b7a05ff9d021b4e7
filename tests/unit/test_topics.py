"""Topics, entities and relations."""

from __future__ import annotations

import collections
import datetime as dt
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import TypedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.adapters.off_loop import WorkerThread
from talktiers.adapters.text.analyser import SnowballAnalyser
from talktiers.adapters.text.languages import LANGUAGES
from talktiers.adapters.text.topics import LocalTopicExtractor
from talktiers.adapters.text.word_forms import singular
from talktiers.domain.conversation import Conversation
from talktiers.domain.derived import EntityKind, Extraction
from talktiers.domain.place import Place


class WrittenUser(TypedDict):
    """Somebody invented, with what they talk about and what they care for."""

    user_id: str
    user_name: str
    bot_name: str
    interests: list[str]
    exchanges: list[dict[str, str]]


_DATA = json.loads((pathlib.Path(__file__).parents[1] / "data" / "interests.json").read_text("utf-8"))
_EXTRACTOR = LocalTopicExtractor(analyser=SnowballAnalyser(), worker=WorkerThread())
_GREETINGS = frozenset(
    "hi hey hello thanks thank ok okay yes no bye morning night wow haha lol please sorry yo gn".split()
)
_SHOWN_INTERESTS = 12


def conversation(user: str, bot: str = "", *, user_name: str = "", bot_name: str = "") -> Conversation:
    return Conversation(
        conversation_id="c", tenant_id="t", user_id="u", bot_id="b", place=Place.resolve(),
        occurred_at=dt.datetime(2024, 5, 8, tzinfo=dt.UTC), user_message=user, bot_response=bot,
        user_name=user_name, bot_name=bot_name,
    )  # fmt: skip


def extracted(user: str, bot: str = "", *, user_name: str = "", bot_name: str = "") -> Extraction:
    return _EXTRACTOR.extraction(conversation(user, bot, user_name=user_name, bot_name=bot_name))


def labels(user: str, bot: str = "", *, user_name: str = "", bot_name: str = "") -> list[str]:
    return [topic.label for topic in extracted(user, bot, user_name=user_name, bot_name=bot_name).topics]


def of_user(user: WrittenUser) -> list[Extraction]:
    return [
        extracted(e["user"], e["bot"], user_name=user["user_name"], bot_name=user["bot_name"])
        for e in user["exchanges"]
    ]


def names(label: str, interest: str) -> bool:
    """Whether a label is the interest, or holds it as whole words."""
    return f" {interest} " in f" {label} "


@pytest.mark.parametrize("user", _DATA["users"], ids=lambda user: user["user_id"])
def test_the_interests_of_a_written_user_are_among_those_most_talked_about(user: WrittenUser) -> None:
    conversations: collections.Counter[str] = collections.Counter()
    weights: dict[str, float] = collections.defaultdict(float)
    for extraction in of_user(user):
        for topic in extraction.topics:
            conversations[topic.label] += 1
            weights[topic.label] += topic.weight
    top = sorted(conversations, key=lambda label: (-conversations[label], -weights[label], label))[:_SHOWN_INTERESTS]
    assert [interest for interest in user["interests"] if not any(names(label, interest) for label in top)] == []


@pytest.mark.parametrize("user", _DATA["users"], ids=lambda user: user["user_id"])
def test_no_topic_is_a_stop_word_a_greeting_or_somebody_who_talks(user: WrittenUser) -> None:
    forbidden = LANGUAGES["english"].stop_words | _GREETINGS
    speakers = {user["bot_name"].lower(), user["user_name"].lower()} - {""}
    for extraction in of_user(user):
        for label in [topic.label for topic in extraction.topics]:
            assert label not in forbidden
            assert speakers.isdisjoint(label.split())
        assert speakers.isdisjoint(entity.name.lower() for entity in extraction.entities)


@pytest.mark.parametrize(
    "text",
    [
        "hi", "Hey hey!", "thanks so much, you're the best", "Really good", "I went there", "ok cool lol",
        "yessss sooooo good omg", "see you on Monday in March", "12 and 15, then 30", "WOW THAT IS AMAZING",
        "How are you today?", "I was thinking about the thing we talked about", "Good morning!", "no",
        "it's fine, really",
        "I don't know what to do anymore", "that was a nice idea", "😀😀", "https://example.com/a/cat",
        "<@123456> :tada:",
        "Ja, danke!", "¡Hola! ¿Qué tal?", "Bonjour, ça va ?",
    ],
)  # fmt: skip
def test_small_talk_has_no_topics(text: str) -> None:
    assert labels(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We adopted two puppies!", "puppy"),
        ("my dogs are asleep", "dog"),
        ("I baked bread all day", "baking"),
        ("we went for a hike", "hiking"),
        ("I ran 8 km before work", "running"),
        ("i really love rock climbing", "rock climbing"),
        ("our D&D campaign starts soon", "d&d"),
        ("I'm learning Japanese", "japanese"),
        ("my laptop runs Linux", "linux"),
        ("I do yoga and ballet", "ballet"),
        ("Playing Elden Ring again", "elden ring"),
        ("We opened a café", "café"),
        ("my son's into dinosaurs", "dinosaur"),
        ("Mein Hund mag die neue Wohnung nicht", "wohnung"),
        ("Ayer fui a la playa con mi hermana", "playa"),
        ("Hier j'ai joué de la guitare avec mon frère", "guitare"),
        ("昨日ギターを買いました", "ギター"),
    ],
)
def test_what_is_talked_about_is_found(text: str, expected: str) -> None:
    assert expected in labels(text)


def test_verbs_are_not_taken_for_nouns() -> None:
    assert labels("Painting helps me relax, and the kids drink milk") == ["painting", "milk", "kid"]


def test_singular_and_plural_meet() -> None:
    pairs = {
        "dogs": "dog", "tomatoes": "tomato", "boxes": "box", "horses": "horse", "movies": "movie", "knives": "knife",
        "gloves": "glove", "buses": "bus", "churches": "church", "women": "woman", "berries": "berry", "caves": "cave",
        "headaches": "headache", "chess": "chess", "news": "news", "tennis": "tennis", "physics": "physics",
        "mushrooms": "mushroom", "photos": "photo", "shoes": "shoe", "analyses": "analysis", "cookies": "cookie",
    }  # fmt: skip
    assert {word: singular(word) for word in pairs} == pairs
    assert all(singular(one) == one for one in pairs.values())


def test_the_user_counts_more_than_the_bot() -> None:
    found = labels(
        "My guitar needs new strings",
        "A violin, a cello, a trumpet and a drum need care. A violin and a cello, a harp, a flute, a violin!",
    )
    assert found[0] in ("guitar", "string")
    assert sum(label in ("violin", "cello", "trumpet", "drum", "harp", "flute") for label in found) <= 2


def test_a_bot_that_answers_a_bare_yes_gives_the_topics() -> None:
    assert "tomato" in labels("yes please", "Tomatoes are sown eight weeks before the last frost.")


def test_of_a_bot_s_long_name_ordinary_words_stay_topics() -> None:
    assert "chess" in labels("I lost at chess again", bot_name="Chess Coach")
    assert labels("hey Gusto Bellini", "Gusto here!", bot_name="Gusto Bellini") == []


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("My friend Ngozi visited", "Ngozi", EntityKind.PERSON),
        ("yesterday Tom called", "Tom", EntityKind.PERSON),
        ("we moved to Ljubljana", "Ljubljana", EntityKind.PLACE),
        ("I live in Zzyzx now", "Zzyzx", EntityKind.PLACE),
        ("they live in New York", "New York", EntityKind.PLACE),
        ("I started The Lord of the Rings", "Lord of the Rings", EntityKind.THING),
        ("my dog is called Biscuit", "Biscuit", EntityKind.THING),
        ("we fly to Buenos Aires in May", "Buenos Aires", EntityKind.PLACE),
    ],
)
def test_names_are_found_as_they_are_spelt(text: str, name: str, kind: EntityKind) -> None:
    assert [(entity.name, entity.kind) for entity in extracted(text).entities] == [(name, kind)]


@pytest.mark.parametrize(
    "text", ["Yesterday I was tired.", "I am OK. Wow! On Monday then.", "Happy Easter in April I HOPE"]
)
def test_ordinary_capitals_name_nothing(text: str) -> None:
    assert [entity.name for entity in extracted(text).entities if entity.name != "Easter"] == []


def test_persons_are_entities_and_no_topics() -> None:
    assert labels("yesterday Tom called") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I live in Porto and I work at Siemens", [("Ana", "lives_in", "Porto"), ("Ana", "works_at", "Siemens")]),
        ("My sister moved to Porto", [("sister", "moved_to", "Porto")]),
        ("I've just moved to Buenos Aires", [("Ana", "moved_to", "Buenos Aires")]),
        ("I really love rock climbing", [("Ana", "likes", "rock climbing")]),
        ("I don't like olives", [("Ana", "dislikes", "olive")]),
        ("I'm allergic to peanuts", [("Ana", "allergic_to", "peanut")]),
        ("I have a dog", [("Ana", "has", "dog")]),
        ("my friend Tom lives in Rome", [("Tom", "lives_in", "Rome")]),
        ("If I moved to Rome I would be happy", []),
        ("I'd like a coffee", []),
        ("I live in fear", []),
        ("I like you", []),
        ("I have a question", []),
        ("I love it when it rains", []),
        ("Do I like pizza?", []),
        ("I like that guitar", []),
    ],
)
def test_relations_are_those_that_were_plainly_said(text: str, expected: list[tuple[str, str, str]]) -> None:
    found = extracted(text, user_name="Ana").relations
    assert [(relation.source, relation.kind, relation.target) for relation in found] == expected


def test_without_a_name_the_user_is_user() -> None:
    assert extracted("I live in Porto").relations[0].source == "user"


@pytest.mark.parametrize(
    ("question", "label"),
    [
        ("where does my sister live?", "sister"),
        ("what did I say about the garden?", "gardening"),
        ("Do you remember my dogs?", "dog"),
        ("Who is Max?", "max"),
        ("climbing", "climbing"),
        ("When did I visit Porto?", "porto"),
        ("wie heißt mein Hund?", "hund"),
    ],
)
def test_a_question_is_looked_up_under_the_labels_of_what_was_told(question: str, label: str) -> None:
    assert label in _EXTRACTOR.topics_of_query(text=question)


def test_what_a_question_shares_with_a_conversation_has_the_same_label() -> None:
    told = set(labels("I went hiking with my dogs and baked a cake"))
    assert told & set(_EXTRACTOR.topics_of_query(text="did my dog like the hikes? and the cakes I bake?")) == told


def test_a_greeting_is_looked_up_under_nothing() -> None:
    assert _EXTRACTOR.topics_of_query(text="hi, how are you?") == ()


_CHAT = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            "I my the dog's dogs climb Porto Ana LOVE love, moved to in. ! \n and New York D&D café 昨日 ギター שלום "
            "mein Hund 42 the-end électrique ich bin la playa".split(" ")
        )
    ).map(" ".join),
)


@given(_CHAT, _CHAT, st.sampled_from(["", "Ana", "Luna Bot"]), st.sampled_from(["", "Luna", "The Dog"]))
@settings(deadline=None, max_examples=200)
def test_any_text_gives_at_most_five_short_topics(user: str, bot: str, user_name: str, bot_name: str) -> None:
    found = extracted(user, bot, user_name=user_name, bot_name=bot_name)
    assert len(found.topics) <= 5
    assert len({topic.label for topic in found.topics}) == len(found.topics)
    for topic in found.topics:
        assert 0 < topic.weight <= 1
        assert topic.label == topic.label.lower().strip() != ""
        assert len(topic.label.split()) <= 3
        assert bot_name.lower() not in (topic.label, *topic.label.split()) or not bot_name


@given(_CHAT)
@settings(deadline=None)
def test_any_question_gives_labels(text: str) -> None:
    found = _EXTRACTOR.topics_of_query(text=text)
    assert len(found) == len(set(found)) <= 8
    assert all(label.strip() for label in found)


@pytest.mark.parametrize(
    "piece",
    [
        "x'",
        "@",
        "a@",
        "www.",
        "`",
        "a-",
        "<@",
        ":a",
        "A ",
        "of the ",
        "аб",
        "昨日",
        "ich bin der Hund ",
        "😀",
        "My dog. ",
    ],
)
def test_a_megabyte_is_no_trouble(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    started = time.process_time()
    extracted(text, text)
    assert time.process_time() - started < 3


async def test_the_same_conversation_has_the_same_topics_in_any_batch() -> None:
    conversations = [conversation(e["user"], e["bot"]) for e in _DATA["users"][0]["exchanges"]]
    async with WorkerThread() as worker:
        extractor = LocalTopicExtractor(analyser=SnowballAnalyser(), worker=worker)
        together = await extractor.extract(conversations=conversations)
        alone = [(await extractor.extract(conversations=[c]))[0] for c in conversations]
    assert together == alone


def test_two_processes_with_different_hash_seeds_agree() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_topics as t\n"
        "print([t.of_user(user) for user in t._DATA['users']])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, str(pathlib.Path(__file__).parent)],
            env={**os.environ, "PYTHONHASHSEED": seed}, cwd=tempfile.gettempdir(), check=True, capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1
