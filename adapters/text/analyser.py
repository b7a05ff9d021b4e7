"""Words and Snowball stems of texts in any script."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import re
import threading
from collections import Counter
from collections.abc import Iterable
from typing import Protocol, cast

from ...domain.analysis import Analysis, Token
from ...domain.errors import ConfigurationError
from ...ports.text_analyser import TextAnalyser
from .folding import folded_word, normalised_text
from .languages import FIRST_PERSON_UNSPACED, LANGUAGES, STEMMER_CODES
from .near_words import near_words
from .scripts import LATIN, NOT_LATIN_STEMMERS, grams, runs, script_of

_SCHEME = 1
"""Raised with every change of the code here that may change a term."""

_ASCII_WORDS = re.compile(r"[a-z0-9]+")
_FIRST_PERSON_UNSPACED = re.compile("|".join(FIRST_PERSON_UNSPACED))

_MAX_STEMMED_CHARS = 40
"""Nothing longer is a word that inflects."""
_MAX_WORD_CHARS = 64
"""Longer ones (keys, encoded data) are cut: they are met by their beginning."""
_CACHED_WORDS = 65_536
"""A stem takes 20 µs, a cached one 0.1; this many words cover most of what a process meets, in some 15 MB."""

_MIN_FOREIGN = 2
_MIN_VOTE_SHARE = 0.2
"""A text is taken for another language than the default one if it holds more distinct stop words of it, at least two of
which the default one does not have, and they are a fifth of its distinct words: in running text they are about half."""

_UNKNOWN = "und"


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 - the library's name


class SnowballAnalyser(TextAnalyser):
    """Lower-case words without diacritics, stop words and stems of the text's language.

    Latin texts are recognised by their stop words, other scripts have one stemmer each, unspaced scripts come as
    character n-grams, anything else by word. In a text of another language than the default one a word also has the
    term of the default language, so that a question meets it however its own language was taken.

    Args:
        default_language: name of a Snowball stemmer, e.g. ``english``: the language of texts too short to tell.

    Raises:
        ConfigurationError: there is no such stemmer, or not in the installed version.
    """

    def __init__(self, *, default_language: str = "english") -> None:
        if default_language not in STEMMER_CODES:
            raise ConfigurationError(
                f"unknown default_language {default_language!r}: choose one of {', '.join(STEMMER_CODES)}"
            )
        self.fingerprint = f"snowball-{importlib.metadata.version('snowballstemmer')}-{default_language}-{_SCHEME}"
        self._default = default_language
        self._latin_default = "english" if default_language in NOT_LATIN_STEMMERS else default_language
        self._foreign = frozenset(word for word, names in _VOTES.items() if self._latin_default not in names)
        self._stemmers = {default_language: _load_stemmer(default_language)}
        self._stemming = threading.Lock()
        self._token = functools.lru_cache(maxsize=_CACHED_WORDS)(self._make_token)

    def analyse(self, *, text: str) -> Analysis:
        """See the port. Some 20 µs for a 250-character text whose words were met before."""
        normal = normalised_text(text)
        if normal.isascii():
            words = _ASCII_WORDS.findall(normal)
            language = self._latin_language(words)
            token = self._token
            tokens = tuple([token(language, word) for word in words])
            known = LANGUAGES.get(language)
            first_person = sum(map(known.first_person.__contains__, words)) if known else 0
            return Analysis(
                language=STEMMER_CODES[language] if words else _UNKNOWN, tokens=tokens, first_person=first_person
            )
        return self._analyse_any_script(normal)

    def words_near(self, *, word: str) -> frozenset[str]:
        """See the port."""
        return near_words(word)

    def _analyse_any_script(self, normal: str) -> Analysis:
        pieces: list[tuple[bool, str]] = []
        latin: list[str] = []
        for run in runs().finditer(normal):
            unspaced, word = run.groups()
            if unspaced is not None:
                pieces.append((True, unspaced))
                continue
            word = folded_word(word[:_MAX_WORD_CHARS])
            pieces.append((False, word))
            if script_of(word[0]) is LATIN:
                latin.append(word)
        latin_language = self._latin_language(latin)
        tokens: list[Token] = []
        languages: Counter[str] = Counter()
        first_person = 0
        for is_unspaced, piece in pieces:
            if is_unspaced:
                tokens.extend([self._token("", gram) for gram in grams(piece)])
                languages[""] += len(piece)
                first_person += len(_FIRST_PERSON_UNSPACED.findall(piece))
                continue
            language = self._language_of(piece, latin_language)
            tokens.append(self._token(language, piece))
            languages[language] += 1
            if language in LANGUAGES and piece in LANGUAGES[language].first_person:
                first_person += 1
        # The first of equally frequent ones: a Counter keeps the order in which it met them.
        most = languages.most_common(1)[0][0] if languages else ""
        return Analysis(language=STEMMER_CODES.get(most, _UNKNOWN), tokens=tuple(tokens), first_person=first_person)

    def _language_of(self, word: str, latin_language: str) -> str:
        """Name of the stemmer for a word; empty for none."""
        script = script_of(word[0])
        if script is LATIN:
            return latin_language
        if script is None:
            return ""
        return self._default if self._default in script.other_stemmers else script.stemmer

    def _latin_language(self, words: Iterable[str]) -> str:
        distinct = set(words)
        default = self._latin_default
        if len(distinct & self._foreign) < _MIN_FOREIGN:  # nearly always
            return default
        votes: dict[str, int] = {}
        foreign: dict[str, int] = {}
        for word in distinct:
            languages = _VOTES.get(word, ())
            for language in languages:
                votes[language] = votes.get(language, 0) + 1
                if default not in languages:
                    foreign[language] = foreign.get(language, 0) + 1
        least = max(votes.get(default, 0) + 1, _MIN_VOTE_SHARE * len(distinct))
        eligible = [name for name, count in foreign.items() if count >= _MIN_FOREIGN and votes[name] >= least]
        return min(eligible, key=lambda name: (-votes[name], _RANK[name]), default=default)

    def _make_token(self, language: str, word: str) -> Token:
        word = word[:_MAX_WORD_CHARS]
        if not language:
            return Token(word, word)
        known = LANGUAGES.get(language)
        if known is not None and word in known.stop_words:
            return Token(word, None)
        term = self._stem(language, word)
        if language == self._latin_default or script_of(word[0]) is not LATIN:
            return Token(word, term)
        also = self._stem(self._latin_default, word)
        return Token(word, term, also if also != term else None)

    def _stem(self, language: str, word: str) -> str:
        if len(word) > _MAX_STEMMED_CHARS:
            return word
        # A stemmer holds the word that it is at; the cache above makes this path rare.
        with self._stemming:
            stemmer = self._stemmers.get(language)
            if stemmer is None:
                stemmer = self._stemmers[language] = _load_stemmer(language)
            return stemmer.stemWord(word) or word


def _load_stemmer(language: str) -> _Stemmer:
    # The pure Python module by name: the package's own choice depends on what else is installed, and terms must not.
    try:
        module = importlib.import_module(f"snowballstemmer.{language}_stemmer")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the installed snowballstemmer has no stemmer for {language}: pip install -U snowballstemmer"
        ) from error
    return cast("_Stemmer", getattr(module, f"{language.title()}Stemmer")())


def _stop_word_votes() -> dict[str, tuple[str, ...]]:
    votes: dict[str, tuple[str, ...]] = {}
    for name, language in LANGUAGES.items():
        if name not in NOT_LATIN_STEMMERS:
            for word in language.stop_words:
                votes[word] = (*votes.get(word, ()), name)
    return votes


_VOTES = _stop_word_votes()
"""The Latin-script languages in which a word is a stop word."""
_RANK = {name: rank for rank, name in enumerate(LANGUAGES)}
