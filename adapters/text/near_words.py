"""Words one typing error away."""

from __future__ import annotations

from .scripts import script_of

MIN_LETTERS = 4
"""Shorter words are one edit away from half the vocabulary."""
MAX_CHARS = 24
"""Longer ones are addresses, keys or noise; the bound keeps the variants below 1,800."""


def near_words(word: str) -> frozenset[str]:
    """All strings one insertion, deletion, substitution or swap of neighbours away from a folded word, without itself.

    Letters are those of the word's script. Empty for fewer than 4 letters, more than 24 characters, or a script
    without an alphabet here.
    """
    if len(word) > MAX_CHARS or sum(char.isalpha() for char in word) < MIN_LETTERS:
        return frozenset()
    script = script_of(word[0])
    if script is None or not script.alphabet:
        return frozenset()
    splits = [(word[:index], word[index:]) for index in range(len(word) + 1)]
    near = {head + tail[1:] for head, tail in splits if tail}
    near.update(head + tail[1] + tail[0] + tail[2:] for head, tail in splits if len(tail) > 1)
    near.update(head + letter + tail[1:] for head, tail in splits if tail for letter in script.alphabet)
    near.update(head + letter + tail for head, tail in splits for letter in script.alphabet)
    near.discard(word)
    return frozenset(near)
