"""Who was answered in a channel: nothing is lost, nothing twice, and everything in order."""

import datetime as dt
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from talktiers.domain.discord_messages import Author, ChannelMessage
from talktiers.domain.discord_pairing import ANSWER_WITHIN, REPLY_WITHIN, ChannelExchange, ChannelPairing

NOON = dt.datetime(2025, 3, 14, 12, tzinfo=dt.UTC)
BOT, ADA, BO = (Author(author_id=name, name=name, account=name, is_bot=name == "bot") for name in ("bot", "ada", "bo"))
Said = tuple[str | None, list[str], list[str]]


def message(
    message_id: str,
    author: Author,
    minutes: float = 0,
    *,
    to: str | None = None,
    command_by: Author | None = None,
    mentioned: frozenset[str] = frozenset(),
) -> ChannelMessage:
    return ChannelMessage(
        message_id=message_id,
        author=author,
        text=f"text {message_id}",
        sent_at=NOON + dt.timedelta(minutes=minutes),
        replies_to=to,
        command_by=command_by,
        command="/ask" if command_by else "",
        mentioned=mentioned,
    )


def paired(*messages: ChannelMessage, person: Author | None = None) -> list[ChannelExchange]:
    pairing = ChannelPairing(bot_id="bot", person=person)
    found = [exchange for item in messages for exchange in pairing.add(item)]
    return [*found, *pairing.close()]


def said(*messages: ChannelMessage, person: Author | None = None) -> list[Said]:
    return [
        (
            None if found.user is None else found.user.author_id,
            [item.message_id for item in found.exchange.asked],
            [item.message_id for item in found.exchange.answered],
        )
        for found in paired(*messages, person=person)
    ]


def test_what_a_user_says_in_a_row_and_what_the_bot_answers_in_a_row_is_one_exchange() -> None:
    row = [message("1", ADA, 0), message("2", ADA, 1), message("3", BOT, 2), message("4", BOT, 3)]
    assert said(*row, message("5", ADA, 4), message("6", BOT, 5)) == [
        ("ada", ["1", "2"], ["3", "4"]),
        ("ada", ["5"], ["6"]),
    ]


def test_a_reply_goes_to_whom_it_names_though_somebody_else_spoke_last() -> None:
    assert said(
        message("1", ADA, 0), message("2", BO, 1), message("3", BOT, 2, to="1"), message("4", BOT, 3, to="2")
    ) == [("ada", ["1"], ["3"]), ("bo", ["2"], ["4"])]


def test_replies_to_two_messages_in_a_row_part_them() -> None:
    row = [message("1", ADA, 0), message("2", ADA, 1), message("3", BOT, 2, to="1"), message("4", BOT, 3, to="2")]
    assert said(*row) == [("ada", ["1"], ["3"]), ("ada", ["2"], ["4"])]


def test_without_a_reply_the_latest_is_answered_unless_somebody_is_mentioned() -> None:
    row = [message("1", ADA, 0), message("2", BO, 1)]
    assert said(*row, message("3", BOT, 2)) == [("ada", ["1"], []), ("bo", ["2"], ["3"])]
    named = message("3", BOT, 2, mentioned=frozenset({"ada"}))
    assert said(*row, named) == [("ada", ["1"], ["3"]), ("bo", ["2"], [])]


def test_what_the_bot_says_much_later_answers_nobody_unless_it_is_a_reply() -> None:
    late = ANSWER_WITHIN.total_seconds() / 60 + 1
    assert said(message("1", ADA), message("2", BOT, late)) == [("ada", ["1"], []), (None, [], ["2"])]
    assert said(message("1", ADA), message("2", BOT, late, to="1")) == [("ada", ["1"], ["2"])]
    too_late = REPLY_WITHIN.total_seconds() / 60 + 1
    assert said(message("1", ADA), message("2", BOT, too_late, to="1")) == [("ada", ["1"], []), (None, [], ["2"])]


def test_a_reply_to_what_is_not_there_is_not_given_to_somebody_else() -> None:
    assert said(message("1", ADA), message("2", BOT, 1, to="gone")) == [("ada", ["1"], []), (None, [], ["2"])]


def test_what_the_bot_says_first_in_a_direct_message_is_said_to_the_person_there() -> None:
    assert said(message("1", BOT), message("2", ADA, 1), person=ADA) == [("ada", [], ["1"]), ("ada", ["2"], [])]


def test_a_command_is_what_its_answer_answers() -> None:
    found = paired(message("1", BO), message("2", BOT, 1, command_by=ADA), message("3", BOT, 2, to="2"))
    assert [(item.user, [text.text for text in item.exchange.messages]) for item in found] == [
        (BO, ["text 1"]),
        (ADA, ["/ask", "text 2", "text 3"]),
    ]


def test_of_a_file_that_is_cut_off_only_the_latest_may_go_on() -> None:
    pairing = ChannelPairing(bot_id="bot")
    row = [message("1", ADA, 0), message("2", BOT, 1), message("3", ADA, 60)]
    assert [found for item in row for found in pairing.add(item)] == []
    assert [(found.exchange.first_id, found.may_go_on) for found in pairing.close(cut_off=True)] == [
        ("1", False),
        ("3", True),
    ]


STEPS = st.lists(
    st.tuples(
        st.sampled_from([BOT, BOT, ADA, BO]),
        st.sampled_from([0.0, 0.5, 4.0, 11.0, 800.0, 2000.0]),
        st.none() | st.integers(1, 6),
        st.booleans(),
    ),
    max_size=40,
)


@given(steps=STEPS, direct=st.booleans())
@settings(deadline=None)
def test_every_message_is_in_exactly_one_exchange_of_its_author_and_in_order(
    steps: list[tuple[Author, float, int | None, bool]], direct: bool
) -> None:
    messages: list[ChannelMessage] = []
    minutes = 0.0
    for number, (author, gap, back, mentions) in enumerate(steps):
        minutes += gap
        to = str(number - back) if back is not None and author is BOT else None
        mentioned = frozenset({"ada"}) if mentions else frozenset[str]()
        messages.append(message(str(number), author, minutes, to=to, mentioned=mentioned))
    found = paired(*messages, person=ADA if direct else None)
    authors = {item.message_id: item.author for item in messages}
    ids = [item.message_id for exchange in found for item in exchange.exchange.messages]
    assert sorted(ids, key=int) == [item.message_id for item in messages]
    for exchange in found:
        asked = [int(item.message_id) for item in exchange.exchange.asked]
        answered = [int(item.message_id) for item in exchange.exchange.answered]
        assert asked == sorted(asked)
        assert answered == sorted(answered)
        assert all(authors[str(number)] == exchange.user for number in asked)
        assert all(authors[str(number)] is BOT for number in answered)
        assert not asked or not answered or asked[-1] < answered[0]
        assert exchange.user is not None or not asked
    firsts = [int(exchange.exchange.first_id) for exchange in found]
    assert all(first < second for first, second in itertools.pairwise(firsts))
