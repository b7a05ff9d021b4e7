"""The example bot, used as a person uses it: at a terminal, over a restart."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from command_line import TIMEOUT_S, environment

BOT = Path(__file__).parents[2] / "examples" / "terminal_bot.py"


AGAIN_S = 3
"""After this long without a sign of life a person presses a key again."""


class Terminal:
    """The other end of a terminal that a program runs in."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._seen = ""

    def read_until(self, text: str) -> str:
        """What appeared up to this text."""
        given_up = time.monotonic() + TIMEOUT_S
        while text not in self._seen:
            assert time.monotonic() < given_up, f"{text!r} did not appear in {self._seen!r}"
            if select.select([self._descriptor], [], [], 0.1)[0]:
                self._seen += os.read(self._descriptor, 4096).decode()
        before, _, self._seen = self._seen.partition(text)
        return before + text

    def type(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def press_until(self, key: str, text: str) -> str:
        """As `read_until`, after a key that is pressed once more where nothing happens.

        A signal between the prompt's printing and the reading after it waits for the reading to end: Python's
        ``input`` has that gap of microseconds, and only a machine hits it.
        """
        given_up = time.monotonic() + TIMEOUT_S
        while text not in self._seen:
            assert time.monotonic() < given_up, f"{text!r} did not appear in {self._seen!r}"
            self.type(key)
            while text not in self._seen and select.select([self._descriptor], [], [], AGAIN_S)[0]:
                self._seen += os.read(self._descriptor, 4096).decode()
        return self.read_until(text)


CONTROLLED = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
"""Makes its standard input the terminal that controls it, as a shell's is: Ctrl-C then reaches the program."""
CTRL_C, CTRL_D = "\x03", "\x04"


@contextmanager
def chatting(folder: Path, *, end: str = CTRL_D) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", CONTROLLED, sys.executable, str(BOT), "bot.db", "ada"], cwd=folder,
        stdin=theirs, stdout=theirs, stderr=theirs, env=environment(), start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        terminal = Terminal(ours)
        yield terminal
        assert "Traceback" not in terminal.press_until(end, "See you!")
        assert running.wait(timeout=10) == 0
    finally:
        running.kill()
        running.wait()
        os.close(ours)


def test_it_remembers_over_a_restart_and_never_denies(tmp_path: Path) -> None:
    with chatting(tmp_path) as terminal:
        terminal.read_until("Hello, ada!")
        terminal.type("Where does my sister live?\n")
        terminal.read_until("I find nothing for it.")
        terminal.type("My sister Lena moved to Porto\n")
        terminal.read_until("I'll remember that.")
        terminal.type("I keep bees on the roof\n")
        terminal.read_until("I'll remember that.")
    with chatting(tmp_path) as terminal:
        terminal.read_until("Welcome back, ada!")
        terminal.type("Where does my sister live?\n")
        terminal.read_until("Perhaps this:")
        assert "My sister Lena moved to Porto" in terminal.read_until("Porto”")


@pytest.mark.skipif(find_spec("wordllama") is None, reason="needs the static vectors")
def test_it_finds_by_meaning_what_was_said_in_other_words(tmp_path: Path) -> None:
    with chatting(tmp_path) as terminal:
        terminal.type("I am allergic to nuts\n")
        terminal.read_until("I'll remember that.")
        terminal.type("Do I have allergies?\n")
        terminal.read_until("Perhaps this:")
        assert "I am allergic to nuts" in terminal.read_until("nuts”")


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
def test_a_key_ends_it_at_once_and_loses_nothing(tmp_path: Path, key: str) -> None:
    with chatting(tmp_path, end=key) as terminal:
        terminal.type("I keep bees on the roof\n")
        terminal.read_until("I'll remember that.")
        terminal.read_until("> ")
    with chatting(tmp_path, end=key) as terminal:
        terminal.read_until("Welcome back, ada!")
        terminal.read_until("> ")


def test_it_forgets_when_told_twice(tmp_path: Path) -> None:
    with chatting(tmp_path) as terminal:
        terminal.type("I keep bees on the roof\n")
        terminal.read_until("I'll remember that.")
        terminal.type("forget\n")
        terminal.read_until("yes or no:")
        terminal.type("no\n")
        terminal.read_until("> ")
        terminal.type("Do I keep bees?\n")
        terminal.read_until("on the roof”")
        terminal.type("forget\n")
        terminal.read_until("yes or no:")
        terminal.type("yes\n")
        terminal.read_until("All forgotten.")
        terminal.type("Do I keep bees?\n")
        terminal.read_until("I find nothing for it.")
    assert b"on the roof" not in (tmp_path / "bot.db").read_bytes()


def test_it_is_about_forty_lines() -> None:
    assert len([line for line in BOT.read_text(encoding="utf-8").splitlines() if line]) <= 40
