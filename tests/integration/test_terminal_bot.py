"""The example bot, used as a person uses it: at a terminal, over a restart."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from command_line import TIMEOUT_S, environment

BOT = Path(__file__).parents[2] / "examples" / "terminal_bot.py"


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


@contextmanager
def chatting(folder: Path) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, str(BOT), "bot.db", "ada"], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs,
        env=environment(), start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        terminal = Terminal(ours)
        yield terminal
        terminal.type("\x04")
        terminal.read_until("See you!")
        assert running.wait(timeout=10) == 0
    finally:
        running.kill()
        running.wait()
        os.close(ours)


def test_it_remembers_over_a_restart_and_says_when_it_knows_nothing(tmp_path: Path) -> None:
    with chatting(tmp_path) as terminal:
        terminal.read_until("Hello, ada!")
        terminal.type("My sister Lena moved to Porto\n")
        terminal.read_until("I'll remember that.")
        terminal.type("I keep bees on the roof\n")
        terminal.read_until("I'll remember that.")
    with chatting(tmp_path) as terminal:
        terminal.read_until("Welcome back, ada!")
        terminal.type("Where does my sister live?\n")
        assert "My sister Lena moved to Porto" in terminal.read_until("Porto”")
        terminal.type("What is the capital of Mongolia?\n")
        terminal.read_until("I don't know.")


def test_it_is_forty_lines() -> None:
    assert len(BOT.read_text(encoding="utf-8").splitlines()) <= 40
