"""An estimate of the tokens that a text takes in a prompt."""

from __future__ import annotations

import numpy as np

from ...ports.token_counter import TokenCounter

_LETTER = 30
_CAPITAL = 60
_SPACE = 10
_MARK = 100
_ACCENTED_LATIN = 150
_CYRILLIC = 70
_TWO_BYTES = 125
_THREE_BYTES = 170
_HANGUL = 220
_FOUR_BYTES = 450
"""Hundredths of a token a character, by the first byte of its UTF-8 form.

Measured on short running texts in fourteen languages, on code and on figures, with the vocabulary of 32,000 pieces of
Llama 2, which cuts finer than the larger ones of later models. Tokens a character: English 0.26, German 0.27, Russian
0.38, Finnish and Polish 0.43, Greek, Hebrew and Arabic 0.95 to 1.0, Hindi and Thai 1.1, Japanese 1.3, Chinese and
Korean 1.5, an emoji 4, digits and punctuation 1. English chat comes out 10 to 17 % too high, Chinese and Korean 15 %,
Russian and Thai 60 %; Polish a tenth too low, and by up to a third heavy abbreviation ("idk ttyl") and random
letters.
"""


def _weights() -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    weights = np.full(256, _MARK, dtype=np.int64)
    weights[ord("a") : ord("z") + 1] = _LETTER
    weights[ord("A") : ord("Z") + 1] = _CAPITAL
    weights[ord(" ")] = _SPACE
    weights[0x80:0xC0] = 0  # the bytes after the first
    weights[0xC0:0xE0] = _TWO_BYTES  # Greek, Hebrew, Arabic, Armenian
    weights[0xC3:0xCA] = _ACCENTED_LATIN
    weights[0xD0:0xD4] = _CYRILLIC
    weights[0xE0:0xF0] = _THREE_BYTES
    weights[0xEA:0xEE] = _HANGUL
    weights[0xF0:] = _FOUR_BYTES
    return weights


_WEIGHTS = _weights()


class EstimatingTokenCounter(TokenCounter):
    """Adds up a weight for each character: no vocabulary, rather too high than too low for running text."""

    def count(self, text: str) -> int:
        """See the port. About 10 µs for 4,000 characters."""
        if not text:
            return 0
        data = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
        hundredths = int(np.bincount(data, minlength=256) @ _WEIGHTS)
        return max(1, -(-hundredths // 100))
