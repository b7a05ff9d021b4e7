"""Made-up conversations, the same in every run: words as frequent as in real talk, names, days, habits of each user.

Nothing here is meant to be read. What counts for the figures is alike: how often a word occurs, how many distinct ones
a text holds, how long both sides speak, and that a question has something to find.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import attrs
import numpy as np

_FUNCTION_WORDS = (
    "the I to and a you my it is of in that for was with me on have but not so we be this at like just what are he "
    "she they do about had really when all from her can there would how been were out some will one if get because "
    "think know go then very your their more time good him our did now could them other still went than too"
).split()

_STEMS = (
    "sister brother mother father friend neighbour teacher doctor manager dentist cousin daughter uncle partner boss "
    "garden kitchen office window balcony cellar staircase bathroom bridge harbour station market museum library "
    "theatre hospital school airport village island mountain river forest beach valley lake castle tower square "
    "bicycle train ferry tram ticket suitcase passport hotel camping tent journey holiday weekend birthday wedding "
    "concert guitar piano violin trumpet choir rehearsal painting drawing pottery knitting camera photograph novel "
    "poem letter diary newspaper magazine podcast film series episode actor breakfast lunch dinner recipe bread "
    "cheese soup salad pasta curry pancake chocolate coffee tomato potato onion garlic pepper lemon apple cherry "
    "plum walnut honey vinegar sourdough oven saucepan knife cat dog parrot hamster rabbit tortoise horse goat "
    "running swimming climbing sailing skiing cycling yoga football tennis volleyball marathon training injury knee "
    "shoulder headache allergy fever medicine therapy appointment operation insurance salary budget invoice tax "
    "mortgage landlord contract interview application project deadline meeting presentation customer colleague "
    "laptop printer keyboard software database password backup website telephone battery charger headphones "
    "jacket sweater boots umbrella backpack scarf glasses watch necklace ring perfume haircut furniture bookshelf "
    "mattress curtain carpet lamp candle paint hammer drill screw ladder plaster tile heating plumber electrician "
    "exam thesis lecture seminar scholarship homework dictionary grammar vocabulary accent translation "
    "storm snow thunder drought harvest blossom mushroom telescope planet comet eclipse chess puzzle card dice quiz "
    "volunteer election council petition charity parade festival lantern firework costume"
).split()
"""What people talk about; inflected and compounded they make some thousands of words."""

_PREFIXES = ("", "re", "un", "over", "under", "mini", "super", "inter")
_SUFFIXES = ("", "s", "ed", "ing", "er", "ly", "less", "ful", "ness", "ish")
_VOCABULARY = 6_000
_ZIPF_EXPONENT = 1.05
"""Of running English, about."""

_NAMES = (
    "Ana Ben Carla David Elif Farid Greta Hugo Ines Jonas Karim Lena Marek Nadia Oscar Paula Quentin Rosa Samir Tilda "
    "Ugo Vera Wanda Xenia Yusuf Zoe Amara Bruno Chiara Dimitri Esther Felix Gloria Hanna Igor Julia"
).split()
_PLACES = "Porto Lisbon Ghent Turin Krakow Malmo Bergen Vilnius Split Trieste Basel Leeds Cork Nantes Seville".split()
_DAYS = "yesterday today tomorrow|last Tuesday|next Friday|on Sunday|in March|last summer|on 3 May|two weeks ago"
_TIMES = tuple(part for group in _DAYS.split("|") for part in (group.split() if "yesterday" in group else (group,)))

_BEGIN = dt.datetime(2025, 3, 1, 8, tzinfo=dt.UTC)
_SPAN_S = 540 * 86_400
_FAVOURITES = 60
_FAVOURITE_SHARE = 0.12
"""Each user has words of their own, so that users differ and what is asked comes back."""


@attrs.frozen(kw_only=True)
class Exchange:
    """One made-up conversation."""

    number: int
    key: str
    user_id: str
    user_name: str
    occurred_at: dt.datetime
    user_message: str
    bot_response: str

    def to_line(self) -> str:
        """As one line of an import."""
        return json.dumps(
            {
                "user_id": self.user_id,
                "user_message": self.user_message,
                "bot_response": self.bot_response,
                "occurred_at": self.occurred_at.isoformat(),
                "idempotency_key": self.key,
                "user_name": self.user_name,
                "bot_name": "Robin",
            }
        )


class Talk:
    """An endless supply of exchanges and questions.

    Args:
        users: how many people talk, in turn by sessions.
        first_user: the number of the first of them.
        seed: another one gives other texts.
        bot_chars: shortest and longest answer of the bot.
    """

    def __init__(
        self, *, users: int, first_user: int = 0, seed: int = 1, bot_chars: tuple[int, int] = (250, 900)
    ) -> None:
        self._random = np.random.default_rng(seed)
        self._seed = seed
        self._users = users
        self._first_user = first_user
        self._bot_chars = bot_chars
        self._words = _vocabulary()
        weights = 1.0 / np.arange(1, len(self._words) + 1) ** _ZIPF_EXPONENT
        self._cumulative = np.cumsum(weights / weights.sum())
        first_rare = len(_FUNCTION_WORDS)
        self._favourites = [self._random.integers(first_rare, len(self._words), size=_FAVOURITES) for _ in range(users)]

    def user_id(self, user: int) -> str:
        """The id of one of the users, who are counted from 0."""
        return f"user-{self._first_user + user % self._users:03d}"

    def exchanges(self, count: int) -> Iterator[Exchange]:
        """So many exchanges in the order of time: sittings of three to nine, one user after the other."""
        made = 0
        pause_s = _SPAN_S / max(1, count / 6)
        moment = _BEGIN
        while made < count:
            user = int(self._random.integers(self._users))
            for _ in range(min(int(self._random.integers(3, 10)), count - made)):
                moment += dt.timedelta(seconds=int(self._random.integers(20, 120)))
                yield self.exchange(user, number=made, occurred_at=moment)
                made += 1
            moment += dt.timedelta(seconds=float(self._random.exponential(pause_s / 2)))

    def exchange(self, user: int, *, number: int, occurred_at: dt.datetime) -> Exchange:
        """One exchange of a user."""
        low, high = self._bot_chars
        return Exchange(
            number=number,
            key=f"made-up-{self._seed}-{number}",
            user_id=self.user_id(user),
            user_name=_NAMES[user % len(_NAMES)],
            occurred_at=occurred_at,
            user_message=self._text(user, int(self._random.integers(80, 151))),
            bot_response=self._text(user, int(self._random.integers(low, high + 1))),
        )

    def question(self, about: Exchange) -> str:
        """What its user could ask to be reminded of an exchange; one in ten with a typing error."""
        words = {word.strip(".,?").lower() for word in about.user_message.split()}
        telling = sorted(words - set(map(str.lower, _FUNCTION_WORDS)), key=lambda word: (-len(word), word))[:6]
        chosen = [telling[int(index)] for index in self._random.permutation(len(telling))[:3]] or ["garden"]
        if self._random.random() < 0.1:
            middle = len(chosen[0]) // 2
            chosen[0] = chosen[0][:middle] + chosen[0][middle + 1 :]
        return f"What did I tell you about the {' and the '.join(chosen)}?"

    def _text(self, user: int, chars: int) -> str:
        """Sentences of together about so many characters."""
        size = chars // 4 + 8
        ranks = np.searchsorted(self._cumulative, self._random.random(size))
        own = self._random.random(size) < _FAVOURITE_SHARE
        ranks[own] = self._random.choice(self._favourites[user], size=int(own.sum()))
        marks = self._random.random(size)
        words = self._words
        parts: list[str] = []
        length = 0
        begins = True
        for rank, mark in zip(ranks.tolist(), marks.tolist(), strict=True):
            word = words[rank]
            if mark < 0.012:
                word = _NAMES[rank % len(_NAMES)]
            elif mark < 0.018:
                word = f"in {_PLACES[rank % len(_PLACES)]}"
            elif mark < 0.024:
                word = _TIMES[rank % len(_TIMES)]
            if begins:
                word = word[0].upper() + word[1:]
            begins = mark > 0.91
            if begins:
                word += "."
            elif mark > 0.85:
                word += ","
            parts.append(word)
            length += len(word) + 1
            if length >= chars:
                break
        return " ".join(parts)[:chars].rstrip(" ,") + "."


def write_lines(path: Path, talk: Talk, count: int) -> list[Exchange]:
    """Writes so many exchanges as JSON lines; returns one of fifty of them, to be asked about."""
    kept: list[Exchange] = []
    with path.open("w", encoding="utf-8") as file:
        for exchange in talk.exchanges(count):
            file.write(exchange.to_line() + "\n")
            if exchange.number % 50 == 0:
                kept.append(exchange)
    return kept


def _vocabulary() -> list[str]:
    """Distinct words, the commonest first: function words, then stems, then what is made of them."""
    words = dict.fromkeys(_FUNCTION_WORDS)
    words.update(dict.fromkeys(_STEMS))
    for prefix in _PREFIXES:
        for suffix in _SUFFIXES:
            for stem in _STEMS:
                words.setdefault(prefix + stem + suffix)
                if len(words) >= _VOCABULARY:
                    return list(words)
    return list(words)
