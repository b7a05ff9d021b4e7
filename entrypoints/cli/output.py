"""What reaches the terminal: stored text made harmless, JSON that is stable, progress that keeps out of the way."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import sys
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

import click

from ...domain.json_values import JsonValue
from ...domain.projection import Backlog

_UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters (terminal escapes begin with one), line separators, and what turns the direction of writing."""

_UNSAFE_IN_JSON: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Those that JSON itself lets stand."""

_KIB: Final = 1024
_GAP: Final = "  "
_BAR_WIDTH: Final = 24
_REDRAW_S: Final = 0.1
_REPORT_S: Final = 10.0
"""Between two lines of progress where nobody watches a terminal."""


def shown(text: str) -> str:
    """A stored text on one line, with nothing in it that a terminal would obey."""
    return _UNSAFE.sub(_escaped, " ".join(text.split()))


def shown_block(text: str) -> str:
    """A text of several lines, with nothing in it that a terminal would obey."""
    return "\n".join(_UNSAFE.sub(_escaped, line) for line in text.split("\n"))


def shortened(text: str, *, chars: int) -> str:
    """A stored text on one line of at most so many characters."""
    line = shown(text)
    return line if len(line) <= chars else line[: chars - 1].rstrip() + "…"


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("ascii", "backslashreplace").decode() if match[0] > "\x7f" else f"\\x{ord(match[0]):02x}"


def json_text(value: JsonValue, *, indent: int | None = None) -> str:
    """JSON with keys in the order given; readable where that is safe, escaped where a terminal would obey."""
    text = json.dumps(value, ensure_ascii=not _writes_unicode(), indent=indent, allow_nan=False, default=_plain)
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def print_json(value: JsonValue) -> None:
    """Writes one JSON document to standard output."""
    click.echo(json_text(value, indent=2))


def _plain(value: object) -> JsonValue:
    """Read-only views of metadata as what they show."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _writes_unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"


def say(text: str = "") -> None:
    """A line for people beside the result: on standard error."""
    click.echo(text, err=True)


def print_table(rows: Sequence[Sequence[str]], *, header: Sequence[str], always_header: bool = False) -> None:
    """Columns aligned where a person looks; separated by one tab, without header, where a script reads."""
    if not sys.stdout.isatty():
        for row in (header, *rows) if always_header else rows:
            click.echo("\t".join(row))
        return
    lines = [header, *rows]
    widths = [max(columns_taken(line[column]) for line in lines) for column in range(len(header))]
    for number, line in enumerate(lines):
        cells = [cell + " " * (width - columns_taken(cell)) for cell, width in zip(line, widths, strict=True)]
        text = _GAP.join(cells).rstrip()
        click.echo(click.style(text, dim=True) if number == 0 else text)


def terminal_columns() -> int:
    """Columns that a line may take without being wrapped."""
    return shutil.get_terminal_size().columns - 1


def fitted(text: str, *, columns: int) -> str:
    """A stored text on one line of at most so many columns of a terminal."""
    line = shown(text)
    if columns_taken(line) <= columns:
        return line
    ends = itertools.accumulate(map(columns_taken, line))
    return line[: sum(end < columns for end in ends)].rstrip() + "…"


def joined(cells: Sequence[str], *, columns: int) -> list[str]:
    """Cells beside each other, on further lines where they take more columns; no cell is broken."""
    lines: list[str] = []
    for cell in filter(None, cells):
        if lines and columns_taken(f"{lines[-1]}{_GAP}{cell}") <= columns:
            lines[-1] += f"{_GAP}{cell}"
        else:
            lines.append(cell)
    return lines


def columns_taken(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def bytes_shown(size: int) -> str:
    """A size as people read it."""
    if size < _KIB:
        return f"{size} bytes"
    amount = size / _KIB
    for unit in ("KiB", "MiB"):
        if amount < _KIB:
            return f"{amount:,.1f} {unit}"
        amount /= _KIB
    return f"{amount:,.1f} GiB"


class ProgressLine:
    """One line on standard error that tells how far a long command is; on a terminal it is drawn over.

    Nothing is written for a command that is done at once.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._drawn = False
        self._live = sys.stderr.isatty()
        self._next = time.monotonic() + (_REDRAW_S if self._live else _REPORT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.clear()

    def update(self, text: str, *, fraction: float | None = None) -> None:
        """Says how far it is.

        Args:
            fraction: 0 to 1; ``None`` where the end is not known.
        """
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (_REDRAW_S if self._live else _REPORT_S)
        if not self._live:
            percent = "" if fraction is None else f" {100 * fraction:.0f} %"
            say(f"{self._label}{percent}  {text}")
            return
        bar = ""
        if fraction is not None:
            full = round(_BAR_WIDTH * fraction)
            bar = f" {'█' * full}{'░' * (_BAR_WIDTH - full)} {100 * fraction:3.0f} %"
        sys.stderr.write(f"\r{self._label}{bar}  {text}\x1b[K")
        sys.stderr.flush()
        self._drawn = True

    def clear(self) -> None:
        """Removes the line, so that something else can be written."""
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False


def settling(progress: ProgressLine) -> Callable[[Sequence[Backlog]], None]:
    """What a line of progress says while the memory settles, for its ``on_progress``; it never goes back."""
    most, done = 0, 0.0

    def on_progress(backlog: Sequence[Backlog]) -> None:
        nonlocal most, done
        waiting = sum(item.waiting for item in backlog)
        most = max(most, waiting)
        if most:
            done = max(done, 1 - waiting / most)  # others may store meanwhile: what was shown as done stays done
        progress.update(f"{waiting:,} steps to go", fraction=done if most else None)

    return on_progress
