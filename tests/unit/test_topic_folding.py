"""A phrase and its own words are one topic, unless a word is discussed on its own too."""

from talktiers.domain.derived import RelatedTopic
from talktiers.domain.topic_folding import folded


def topic(label: str, *conversations: str) -> RelatedTopic:
    return RelatedTopic(label=label, strength=0.5, conversation_ids=conversations)


def labels(*topics: RelatedTopic) -> list[str]:
    return [item.label for item in folded(topics)]


def test_the_words_of_a_phrase_go_where_they_stand_in_the_same_conversations() -> None:
    assert labels(topic("honey", "a"), topic("honey harvest", "a"), topic("harvest", "a")) == ["honey harvest"]


def test_a_word_that_is_discussed_on_its_own_stays() -> None:
    assert labels(topic("honey", "a", "b"), topic("honey harvest", "a")) == ["honey", "honey harvest"]


def test_a_part_of_a_word_is_no_word() -> None:
    assert labels(topic("cat", "a"), topic("catering firm", "a")) == ["cat", "catering firm"]
    assert labels(topic("new york", "a"), topic("york new", "a")) == ["new york", "york new"]


def test_equal_phrases_do_not_fold_each_other_away() -> None:
    assert labels(topic("honey harvest", "a")) == ["honey harvest"]
