"""What an import did not take, in a file that can be corrected and imported."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from ...domain.json_values import JsonValue
from ...ports.conversation_source import Rejection
from .output import json_text


class RejectsFile:
    """One JSON object a line: position, reason, and ``raw``: what stood there, as an object where it is one.

    A line is on disk before the import goes on behind it: what an interrupted run rejected is not told twice.

    Attributes:
        path: ``None``: nothing is written.
        resumed: whether the import goes on with an interrupted run, whose lines then stay.
    """

    def __init__(self, path: str | None) -> None:
        self.path = path
        self.resumed = False
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        elif self.path is not None and kind is None and not self.resumed:
            Path(self.path).write_text("", encoding="utf-8")  # nothing was rejected: no older lines stay

    def write(self, rejection: Rejection) -> None:
        """Writes one line."""
        if self.path is None:
            return
        if self._file is None:
            self._file = Path(self.path).open("a" if self.resumed else "w", encoding="utf-8")  # noqa: SIM115  # see __exit__
        line = {"position": rejection.position, "reason": rejection.reason, "raw": _raw(rejection.raw)}
        self._file.write(json_text(line) + "\n")
        self._file.flush()


def _raw(text: str) -> JsonValue:
    """An object where the text is one that would be written the same way: easier to correct than a text in a text."""
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refused)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, dict) else text


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _refused(constant: str) -> JsonValue:
    raise ValueError(constant)
