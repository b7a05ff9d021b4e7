"""Quoting: what was once said becomes one harmless line, readable as before.

Stored text is data. In a prompt it must not start a line, open or close a tag, forge a turn or a heading, steer a
terminal, or hide anything from the eye. Everything else is left as it was written.
"""

from __future__ import annotations

import re

MAX_NAME_CHARS = 32
"""Of a speaker's name, in a prompt: enough to know who it is, too little for a message of its own."""
MAX_LABEL_CHARS = 60
"""Of a topic's label."""

LINE_BREAK = "↵"
"""Stands where a line ended."""

_SPACES = re.compile(r"[ \t\u00a0]{2,}|\t")
_BREAKS = re.compile(r"[ \t]*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Overrides, embeddings and isolates: they reorder what follows them. The plain marks (U+200E, U+200F) stay."""
_HIDDEN = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f)"  # the flag of a region: stays
    "|[\U000e0000-\U000e007f]"  # tags: ASCII that nobody sees
    "|[\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\u180e\u3164\uffa0]"
)
_SELECTORS = re.compile("([\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
"""One variation selector chooses a glyph; a run of them carries hidden bytes."""
_TAG = re.compile(r"[<＜](?=[^\W\d]|\s*[/／!?|<]|\s+memory)", re.IGNORECASE)
_TEMPLATE_TAG = re.compile(r"\[(?=/?(?:INST|SYS)\b)")
_SUSPECT = re.compile(
    r"[^ -;=-~\u00a1-\u02ff\u0370-\u0602\u0606-\u17ff\u1e00-\u1fff\u2010-\u2027\u3040-\u3163\u4e00-\u9fff]|  |\[/?(?:INST|SYS)"
)
"""What none of the rules concerns is found quickly by this: anything but ordinary characters."""
_NAME_STRUCTURE = str.maketrans({":": "∶", "：": "∶", "[": "(", "]": ")"})
_NAME_EDGES = "#*-<>~=+|`\"'_.,;!?()/\\ "


def quoted(text: str) -> str:
    """The text on one line, in which nothing acts any more. Quoting twice is the same as once.

    Line breaks become ``↵``; other control characters their visible picture (``␛``); overrides of the writing
    direction and characters that only machines see are left out; ``<`` before a tag becomes ``‹``, so that no text
    can hold the fence nor a chat template's control tokens. A part of a quoted text is quoted too.
    """
    if not _SUSPECT.search(text):
        return text.strip()
    text = _BREAKS.sub(f" {LINE_BREAK} ", text.strip())
    text = _DIRECTION.sub("", text)
    text = _HIDDEN.sub(lambda match: match[1] or "", text)
    text = _SELECTORS.sub(r"\1", text)
    text = _SPACES.sub(" ", text)
    text = _CONTROLS.sub(_picture, text)
    text = _TAG.sub("‹", text)
    return _TEMPLATE_TAG.sub("⟦", text).strip()


def quoted_name(name: str) -> str:
    """A speaker's name without a colon, not beginning like a heading or a list, at most 32 characters; may be empty."""
    text = quoted(name).replace(LINE_BREAK, " ").translate(_NAME_STRUCTURE)
    return shortened(" ".join(text.split()).lstrip(_NAME_EDGES), MAX_NAME_CHARS).rstrip()


def quoted_label(label: str) -> str:
    """A topic's label as one item of a list: no comma or semicolon, at most 60 characters."""
    text = quoted(label).replace(LINE_BREAK, " ").replace(",", " ").replace(";", " ")
    return shortened(" ".join(text.split()), MAX_LABEL_CHARS)


def shortened(text: str, max_chars: int) -> str:
    """The beginning of a text with an ellipsis, cut between words where one ends near; as it is where it fits."""
    if len(text) <= max_chars:
        return text
    if max_chars < 1:
        return ""
    end = max_chars - 1
    space = text.rfind(" ", end * 2 // 3, end + 1)
    if space > 0:
        end = space
    else:
        while end > 0 and _joins(text[end]):
            end -= 1
    return text[:end].rstrip(" ,;:-") + "…"


def _joins(character: str) -> bool:
    """Whether a character belongs to the one before it: a combining mark, a selector, a joiner, a skin tone."""
    return (
        "\u0300" <= character <= "\u036f"
        or "\ufe00" <= character <= "\ufe0f"
        or character == "\u200d"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _picture(match: re.Match[str]) -> str:
    """The character that Unicode has for showing a control character."""
    character = match[0]
    if character < " ":
        return chr(ord("\u2400") + ord(character))
    return "␡" if character == "\x7f" else "\ufffd"
