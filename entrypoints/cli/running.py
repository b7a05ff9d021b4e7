"""From the command line to an exit code: streams, errors, interruption."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import shutil
import sys
import warnings
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO, TypeVar

import click

from ...domain.errors import (
    BackendError,
    ConfigurationError,
    InvalidConversation,
    Overloaded,
    TalktiersError,
    UnknownConversation,
)
from ..wiring.embedders import LexicalOnly
from .output import say, shown

T = TypeVar("T")

EXIT_FAILURE: Final = 1
EXIT_BAD_INPUT: Final = 2
EXIT_NOTHING_FOUND: Final = 3
EXIT_INTERRUPTED: Final = 130
"""128 and the number of the signal, as shells have it."""

_BAD_INPUT: Final = (InvalidConversation, ConfigurationError, UnknownConversation)


def run(coroutine: Coroutine[Any, Any, T], *, by_meaning: bool = False) -> T:
    """Runs a command's body to its end; an interruption cancels it first, so that everything is closed.

    Args:
        by_meaning: whether it searches or stores, so that it matters where nothing can be found by meaning.
    """
    told: set[str] = set()

    def note(  # noqa: PLR0917  # as the standard library calls it
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if not issubclass(category, LexicalOnly):
            show(message, category, filename, lineno, file, line)
        elif by_meaning and not told:
            told.add(str(message))
            say(f"note: {message}")

    with warnings.catch_warnings():
        show = warnings.showwarning
        warnings.simplefilter("always", LexicalOnly)
        warnings.showwarning = note
        return asyncio.run(coroutine)


def nothing_found(message: str) -> NoReturn:
    """Ends the command: it worked, and there was nothing."""
    say(message)
    raise click.exceptions.Exit(EXIT_NOTHING_FOUND)


def failed() -> NoReturn:
    """Ends the command: what was to be said was said, and it did not work out."""
    raise click.exceptions.Exit(EXIT_FAILURE)


def program() -> str:
    """How this program was called, so that what it tells to type works as it stands."""
    called = Path(sys.argv[0])
    if called.name in {"__main__.py", "-m", "-c"}:
        return "python -m talktiers"
    found = shutil.which(called.name)
    if found is not None and Path(found).resolve() == called.resolve():
        return called.name
    relative = os.path.relpath(called)
    return relative if not relative.startswith("..") else str(called)


def run_command_line(group: click.Group, arguments: Sequence[str] | None) -> int:
    """Runs one command.

    Returns:
        The exit code: 0 done, 1 failed, 2 wrong usage or input, 3 nothing found, 130 interrupted.
    """
    _prepare_streams()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    if not (sys.argv[1:] if arguments is None else arguments):
        with click.Context(group, info_name=program(), **group.context_settings) as context:
            say(group.get_help(context))
        return EXIT_BAD_INPUT
    try:
        code = group.main(
            args=None if arguments is None else list(arguments), prog_name=program(), standalone_mode=False
        )
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        return _usage_error(error)
    except TalktiersError as error:
        bad_input = isinstance(error, _BAD_INPUT)
        return _error(str(error), *_advice(error), code=EXIT_BAD_INPUT if bad_input else EXIT_FAILURE)
    except OSError as error:
        return _system_error(error)
    return code if isinstance(code, int) else 0


def _usage_error(error: click.ClickException) -> int:
    context = error.ctx if isinstance(error, click.UsageError) else None
    help_for = program() if context is None else context.command_path
    return _error(error.format_message(), f"see: {help_for} --help", code=EXIT_BAD_INPUT)


def _system_error(error: OSError) -> int:
    if isinstance(error, BrokenPipeError):
        # The reader went away. Nothing more is to be flushed into the closed pipe at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILURE
    where = f": {error.filename}" if error.filename else ""
    return _error(f"{error.strerror or error}{where}", code=EXIT_FAILURE)


def _error(message: str, *advice: str, code: int) -> int:
    say(f"error: {shown(message)}")
    for line in advice:
        say(f"  {line}")
    return code


def advise(error: BackendError, *, same_memory: str) -> None:
    """Notes in an error what to type next.

    Args:
        same_memory: options that name the memory that it came from; known only while the command runs.
    """
    error.add_note(f"see what is wrong: {program()} doctor{same_memory}")


def _advice(error: TalktiersError) -> Sequence[str]:
    if isinstance(error, Overloaded):
        return ["wait a moment and run it again"]
    return getattr(error, "__notes__", [])


def _prepare_streams() -> None:
    """What a stream's encoding lacks is written as an escape instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
